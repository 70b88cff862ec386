import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findModels } from "../../src/hardware/fit/find-models.js";
import { findProjector } from "../../src/hardware/fit/find-projector.js";
import { decodeText } from "../../src/util/decode-text.js";
import { listFiles } from "../../src/util/files.js";
import { isSystemLeftover } from "../../src/util/system-files.js";
import { buildGguf, completeMetadata } from "../fixtures/gguf-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.each([
  ["._model-Q4_K_M.gguf", true],
  ["assets/._chart.svg", true],
  [".DS_Store", true],
  ["Thumbs.db", true],
  ["thumbs.DB", true],
  ["desktop.ini", true],
  ["__MACOSX/model.gguf", true],
  ["@eaDir/model.gguf", true],
  [".gitattributes", false],
  ["_model.gguf", false],
  ["my-desktop.ini", false],
  ["model-Q4_K_M.gguf", false],
])("%s: %s", (path, expected) => {
  expect(isSystemLeftover(path)).toBe(expected);
});

test("folders of models are read without them", async () => {
  const folder = temporaryFolder();
  const appleDouble = Buffer.concat([Buffer.from("0005160700020000", "hex"), Buffer.alloc(64)]);
  for (const name of ["._model-Q4_K_M.gguf", "._mmproj-model-F16.gguf", "Thumbs.db", "desktop.ini"]) {
    writeFileSync(join(folder, name), appleDouble);
  }
  mkdirSync(join(folder, "__MACOSX"));
  writeFileSync(join(folder, "__MACOSX", "a.gguf"), appleDouble);
  const tensors = [{ name: "token_embd.weight", shape: [256, 2] }];
  writeFileSync(join(folder, "model-Q4_K_M.gguf"), buildGguf({ metadata: completeMetadata, tensors }));
  const models = await findModels([folder], temporaryFolder());
  expect(models.map(({ file }) => file)).toEqual(["model-Q4_K_M.gguf"]);
  expect(await findProjector(join(folder, "model-Q4_K_M.gguf"), "model")).toBeNull();
  expect(await listFiles(folder)).toEqual(["model-Q4_K_M.gguf"]);
});

test.each([
  ["a mark and CRLF", Buffer.from("\ufeffa\r\nb\r\n"), "a\nb\n"],
  ["old line breaks", Buffer.from("a\rb"), "a\nb"],
  ["UTF-16", Buffer.from("\ufeffa\r\nb", "utf16le"), "a\nb"],
  ["UTF-16, big-endian", Buffer.from("\ufeffa\r\nb", "utf16le").swap16(), "a\nb"],
  ["Latin-1", Buffer.from("caf\xe9", "latin1"), undefined],
])("decodeText: %s", (_what, bytes, expected) => {
  expect(decodeText(bytes)).toBe(expected);
});
