import { expect, test } from "vitest";
import type { RunReport } from "../../../src/release/release-report.js";
import { checkVariants } from "../../../src/release/verify/check-variants.js";
import { readLock } from "../../../src/release/verify/read-lock.js";

const header = {
  ...{ architecture: "qwen3", parameters: 8, types: { Q8_0: 1 }, bitsPerWeight: 8.5, bytes: 9, findings: [] },
  ...{ matrices: new Map<string, string>(), alignment: 32 },
};
const files = new Map([
  ["M-Q8_0.gguf", { bytes: 9, sha256: "00", header }],
  ["mtp-M-Q8_0.gguf", { bytes: 7, sha256: "11", header }],
]);
const lock = "variants: [{ name: Q8_0 }]\ngates: { rankToBase: { min: 0.9 }, cosineToBase: { max: 1 } }\n";

/** A release of one embedding variant with MTP layers in a file of their own. */
function messages(smoke: object, mtp: object = {}, locked = lock): string[] {
  const variant = { name: "Q8_0", file: "M-Q8_0.gguf", bytes: 9, bitsPerWeight: 8.5, sha256: "00", types: { Q8_0: 1 } };
  const verdict = { quality: null, smoke: { passed: 1, failed: 0, ...smoke }, gate: "passed", reasons: [] };
  const report = {
    model: { name: "M", architecture: "qwen3", parameters: 8 },
    variants: [{ ...variant, ...verdict }],
    mtp: { file: "mtp-M-Q8_0.gguf", bytes: 7, sha256: "11", ...mtp },
  };
  return checkVariants(report as unknown as RunReport, files, readLock(locked)).map(({ message }) => message);
}

test("gates of vectors and the file of MTP layers are verified", () => {
  const figures = { cosineToBase: 0.99, rankToBase: 0.95 };
  expect(messages(figures)).toEqual([]);
  expect(messages({ ...figures, rankToBase: 0.8 })).toEqual([expect.stringContaining("rankToBase 0.8 is below")]);
  expect(messages({ cosineToBase: 0.99 })).toEqual([expect.stringContaining("rankToBase was not measured")]);
  expect(messages(figures, { sha256: "22" })).toEqual([expect.stringContaining("of the MTP layers")]);
});

test.each([
  ["a number", "gates: { kldMean: { max: 0.1 } }", "kldMean was not measured"],
  ["another variant's", "gates: { kldMean: { max: { of: Q4_K_M, ratio: 1 } } }", "kldMean was not measured"],
  ["of a category", "gates: { sameTop: { code: 90 } }", "sameTop of code was not measured"],
  ["of the vectors", "gates: { rankToBase: { min: 0.9 } }", "rankToBase was not measured"],
  ["of a task", "tasks: [{ name: facts, maxDrop: 2 }]", "the task facts was not measured"],
])("a limit without its metric fails: %s", (_what, locked, why) => {
  expect(messages({}, {}, locked)).toEqual([`the variant Q8_0 did not pass: ${why}`]);
});

test.each([
  ["no gates", "gates: {}\nsmoke: []\ntasks: []"],
  ["a limit that is the variant's own", "gates: { kldMean: { max: { of: Q8_0, ratio: 1 } } }"],
  ["a pipeline's limit on vectors, and no prompts", "gates: { rankToBase: { min: 0.9 } }\nsmoke: []"],
])("a variant without metrics passes with %s", (_what, locked) => {
  expect(messages({}, {}, locked)).toEqual([]);
});

test.each(["[", "gates: 1", "gates: { kldMean: { max: null } }"])(
  "the lock file %s has no gates to check",
  (locked) => {
    expect(messages({}, {}, locked)).toEqual([
      expect.stringContaining("recipe.lock.yaml is missing or not the lock file"),
    ]);
  },
);
