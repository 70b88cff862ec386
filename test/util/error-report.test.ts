import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorFrom, errorReport, exitCodeOf, formatError } from "../../src/util/error-report.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const failure = new QuantsmithError("QS-QUANTIZE-FAILED", "quantizing failed with hf_abcdefghijklmnopqrstuvwxyz", {
  remedy: "Run again.",
  at: { file: "recipe.yaml", line: 3, column: 7 },
  output: "first line\nlast line",
});

test("an expected failure round-trips through data, without tokens", () => {
  const report = errorReport(failure);
  expect(report).toEqual({
    code: "QS-QUANTIZE-FAILED",
    message: expect.not.stringContaining("hf_abc"),
    remedy: "Run again.",
    at: { file: "recipe.yaml", line: 3, column: 7 },
    output: "first line\nlast line",
  });
  expect(errorReport(errorFrom(JSON.parse(JSON.stringify(report))))).toEqual(report);
});

test("formats place, code, message, tool output and remedy", () => {
  expect(formatError({ ...errorReport(failure), message: "quantizing failed" })).toEqual([
    "recipe.yaml:3:7: QS-QUANTIZE-FAILED: quantizing failed",
    "  | first line",
    "  | last line",
    "  → Run again.",
  ]);
});

test("an unreadable file is an environment error, any other error a bug", async () => {
  const missing = await readFile(join(temporaryFolder(), "none")).catch((error: unknown) => error);
  expect([errorReport(missing).code, exitCodeOf(missing)]).toEqual(["QS-ENV-FILE", 4]);
  const bug = new TypeError("x is undefined");
  expect([errorReport(bug).code, exitCodeOf(bug)]).toEqual(["QS-INTERNAL", 1]);
  expect(errorReport(bug).message).toContain("error-report.test.ts");
});
