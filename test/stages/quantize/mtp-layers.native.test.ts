import { join } from "node:path";
import { expect, test } from "vitest";
import type { Gguf, GgufValue } from "../../../src/gguf/gguf.js";
import { metadataNumber } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { writeGguf } from "../../../src/gguf/write-gguf.js";
import { planVariant } from "../../../src/stages/quantize/plan-variant.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";

test("layers without calibration data are Q8_0 in a preset that needs an imatrix", async () => {
  const folder = temporaryFolder();
  const run = await makeTinyModel(folder);
  const whole = await readGguf(join(folder, "model.gguf"));
  const layers = metadataNumber(whole, "llama.block_count") ?? 0;
  const last = `blk.${layers - 1}.`;
  const model = join(folder, "mtp.gguf");
  // The last layer as one for multi-token prediction, of which llama-imatrix writes nothing.
  await rewrite(whole, model, { nextn: 1 });
  const imatrix = join(folder, "short.gguf");
  await rewrite(await readGguf(join(folder, "imatrix.gguf")), imatrix, { without: last });

  const context = stageContext(run, { model, imatrix });
  const params = {
    preset: "IQ2_XS",
    rules: [],
    allowRequantize: false,
    imatrixName: "m-imatrix.gguf",
    rounding: "nearest" as const,
  };
  const { types, warnings } = await planVariant(params, context);
  expect(warnings?.map(({ code }) => code)).toContain("QW-QUANTIZE-MTP");
  const planned = [...types].map(([name, { name: type, needsImatrix }]) => ({ name, type, needsImatrix }));
  const mtp = planned.filter(({ name }) => name.startsWith(last));
  expect(mtp.filter(({ needsImatrix }) => needsImatrix === true)).toEqual([]);
  expect(mtp.filter(({ type }) => type === "Q8_0").length).toBeGreaterThan(3);
  expect(planned.map(({ type }) => type)).toContain("IQ2_XS");
});

/** Copies a file with a count of MTP layers, or without the tensors whose names start with `without`. */
function rewrite(
  { metadata, tensors, path }: Gguf,
  to: string,
  { nextn, without }: { nextn?: number; without?: string },
) {
  const more = nextn === undefined ? [] : [["llama.nextn_predict_layers", { type: "uint32", value: nextn }] as const];
  const kept = tensors.filter(({ name }) => without === undefined || !name.startsWith(without));
  return writeGguf(to, {
    metadata: new Map<string, GgufValue>([...metadata, ...more]),
    tensors: kept.map((tensor) => ({ ...tensor, data: { path, offset: tensor.offset } })),
  });
}
