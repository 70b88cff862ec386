import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findModels } from "../../../src/hardware/fit/find-models.js";
import { buildGguf, completeMetadata, uint16Pair } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const split = (number: number) => `model-Q8_0-0000${number}-of-00003.gguf`;

/** Writes these of the three parts of a model; returns their folder. */
function partsOf(...numbers: number[]): string {
  const folder = temporaryFolder();
  for (const number of numbers) {
    const metadata = [uint16Pair("split.no", number - 1), uint16Pair("split.count", 3)];
    const tensors = [{ name: `blk.${number}.ffn_up.weight`, shape: [256, 2] }];
    const all = number === 1 ? [...completeMetadata, ...metadata] : metadata;
    writeFileSync(join(folder, split(number)), buildGguf({ metadata: all, tensors }));
  }
  return folder;
}

test("the parts of a model are one model, whichever is named", async () => {
  const folder = partsOf(1, 2, 3);
  for (const path of [folder, join(folder, split(2))]) {
    expect(await findModels([path], temporaryFolder())).toMatchObject([{ model: "model", variant: "Q8_0" }]);
  }
});

test.each([
  ["the first", [2, 3], 1],
  ["a later one", [1, 3], 2],
])("a missing part is named: %s", async (_which, present, missing) => {
  const folder = partsOf(...present);
  for (const path of [folder, join(folder, split(3))]) {
    await expect(findModels([path], temporaryFolder())).rejects.toMatchObject({
      code: "QS-GGUF-MISSING",
      message: `part ${missing} of 3 of the model is missing: ${split(missing)}`,
    });
  }
});

test("two parts with the same tensor: the error names the user's file", async () => {
  const folder = partsOf(1, 2, 3);
  copyFileSync(join(folder, split(2)), join(folder, split(3)));
  await expect(findModels([folder], temporaryFolder())).rejects.toMatchObject({
    code: "QS-GGUF-INVALID",
    at: { file: join(folder, split(3)) },
  });
});

test("a part of none is a whole file", async () => {
  const path = join(temporaryFolder(), "m-00000-of-00000.gguf");
  const tensors = [{ name: "output.weight", shape: [256, 2] }];
  writeFileSync(path, buildGguf({ metadata: completeMetadata, tensors }));
  expect(await findModels([path], temporaryFolder())).toMatchObject([{ path }]);
});
