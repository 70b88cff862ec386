import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { outputWarnings } from "../../../src/stages/convert/output-matrix.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const path = join(temporaryFolder(), "values");
writeFileSync(path, "aabbaabbaabc");
const matrix = (offset: number, type = "BF16") => ({ path, offset, bytes: 4, type });
const embedding = matrix(0);

test.each([
  ["the same values, tied", matrix(4), true, []],
  ["other values, tied", matrix(8), true, [/\(true\).* whose values differ/]],
  ["another type, tied", matrix(4, "F32"), true, [/\(true\)/]],
  ["other values", matrix(8), false, []],
  ["none, tied", undefined, true, []],
  ["none", undefined, false, [/\(false\).* has no lm_head/]],
])("an output matrix: %s", async (_what, output, tied, messages) => {
  expect(await outputWarnings({ embedding, output }, tied)).toEqual(
    messages.map((message) => ({
      code: "QW-WEIGHTS-TIED",
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    })),
  );
});
