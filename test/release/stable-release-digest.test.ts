import { expect, test } from "vitest";
import type { RunReport, VariantReport } from "../../src/release/release-report.js";
import { stableReleaseDigest } from "../../src/release/stable-release-digest.js";

const speed = { loadSeconds: 1, promptTokensPerSecond: 2, threads: 2, context: 512 };
const variant: VariantReport = {
  name: "Q8_0",
  file: "m-Q8_0.gguf",
  bytes: 10,
  bitsPerWeight: 8.5,
  sha256: "0".repeat(64),
  types: { Q8_0: 3 },
  quality: null,
  smoke: { passed: 1, failed: 0, speed },
  gate: "passed",
  reasons: [],
};
const report: RunReport = {
  recipe: "m.yaml",
  model: { name: "m", source: "local folder", commit: null, architecture: "llama", parameters: 1 },
  release: "m",
  steps: [{ id: "fetch", stage: "fetch", status: "built", seconds: 1 }],
  variants: [variant],
  base: null,
  toolchain: { llamaCpp: "1" },
};

test("the digest excludes only steps and speed", () => {
  const digest = stableReleaseDigest(report);
  const again: RunReport = {
    ...report,
    steps: [{ id: "fetch", stage: "fetch", status: "cached", seconds: 2 }],
    variants: [{ ...variant, smoke: { passed: 1, failed: 0, speed: { ...speed, loadSeconds: 9 } } }],
  };
  expect(stableReleaseDigest(again)).toBe(digest);
  expect(stableReleaseDigest(JSON.parse(JSON.stringify(report, null, 3)))).toBe(digest);
  const others: RunReport[] = [
    { ...report, variants: [{ ...variant, gate: "failed" }] },
    { ...report, variants: [{ ...variant, bitsPerWeight: 8.4 }] },
    { ...report, variants: [{ ...variant, smoke: { passed: 2, failed: 0, speed } }] },
    { ...report, variants: [{ ...variant, smoke: { passed: 1, failed: 0, speed, problem: "crash", answers: [] } }] },
    { ...report, unreleased: [variant] },
    { ...report, variants: [] },
    { ...report, toolchain: {} },
    { ...report, model: { ...report.model, name: "n" } },
  ];
  expect(new Set([digest, ...others.map(stableReleaseDigest)]).size).toBe(others.length + 1);
});
