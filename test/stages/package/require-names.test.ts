import { join } from "node:path";
import { expect, test } from "vitest";
import { requireNames } from "../../../src/stages/package/require-names.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
const variants = [
  { name: "Q8_0", file: "m-Q8_0.gguf" },
  { name: "Q4_K_M", file: "m-Q4_K_M.gguf" },
];
let folders = 0;

/** Creates a folder with the variants' files and others. */
function release(...others: string[]): string {
  const folder = join(home, String(++folders));
  for (const path of [...variants.map(({ file }) => file), ...others]) put(join(folder, path), "");
  return folder;
}

test("accepts a release whose names resolve to the right files, also with warnings", async () => {
  await requireNames(release("m-imatrix.gguf", "mmproj-m-F16.gguf", "assets/README.md"), variants);
  await requireNames(release("mmproj.gguf"), variants);
});

test("rejects other releases with the runtime's choice", async () => {
  const preset = await failureOf(requireNames(release("preset.ini"), variants));
  expect([preset.code, preset.message]).toEqual(["QS-PACKAGE-NAMES", expect.stringContaining("QS-RESOLVE-PRESET")]);
  const other = await failureOf(requireNames(release("a-Q8_0.gguf"), variants));
  expect(other.message).toMatch(/a-Q8_0\.gguf/);
});
