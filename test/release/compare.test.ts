import { expect, test } from "vitest";
import { answerLines, compareReleases, comparisonCells } from "../../src/release/compare.js";
import type { RunReport, VariantReport } from "../../src/release/release-report.js";
import { largeReport, qualityAt } from "../fixtures/release-report.js";

const [q8, q6, q5] = largeReport.variants as [VariantReport, VariantReport, VariantReport];
const release = (...variants: VariantReport[]): RunReport => ({ ...largeReport, variants });
const rows = (before: RunReport, after: RunReport) => compareReleases(before, after).variants.map(comparisonCells);

test("equal values are shown once, others with an arrow; variants can be new or gone", () => {
  const better = { ...q6, sha256: "00".repeat(32), quality: qualityAt(0.0005), smoke: { passed: 2, failed: 1 } };
  expect(rows(release(q8, q6), release(better, q5))).toEqual([
    ["Q6_K", "changed", "3.30 GB", "6.57", "0.00110 ± 0.00007 → 0.00050 ± 0.00003", "99.34 % → 99.55 %", "3/3 → 2/3"],
    ["Q5_K_M", "new", "– → 2.87 GB", "– → 5.70", "– → 0.00340 ± 0.00020", "– → 98.83 %", "– → 3/3"],
    ["Q8_0", "gone", "4.27 GB → –", "8.50 → –", "0.00021 ± 0.00001 → –", "99.71 % → –", "3/3 → –"],
  ]);
  expect(rows(release(q8), release(q8))[0]?.slice(1, 3)).toEqual(["same", "4.27 GB"]);
});

test("metrics of different texts are marked", () => {
  const other = { ...q8, quality: { ...qualityAt(0.0003), corpusSha256: "00" } };
  expect(rows(release(q8), release(other))[0]?.[4]).toMatch(/ → .* \(other text\)$/);
  expect(rows(release({ ...q8, quality: null }), release(q8))[0]?.[4]).not.toContain("other text");
});

test("source and tools that differ are listed", () => {
  const after = { ...largeReport, model: { ...largeReport.model, commit: "d00d" }, toolchain: { llamaCpp: "b7000" } };
  expect(compareReleases(largeReport, after).inputs).toEqual([
    { name: "commit", before: "c0ffee", after: "d00d" },
    { name: "llamaCpp", before: "b6789", after: "b7000" },
    { name: "nodeLlamaCpp", before: "3.22.1", after: null },
    { name: "quantsmith", before: "0.1.0", after: null },
  ]);
});

test("answers that differ are listed, with the expectations they miss", () => {
  const answering = (...texts: string[]): VariantReport => ({
    ...q8,
    smoke: {
      ...{ passed: 1, failed: 0 },
      answers: texts.map((answer, index) => ({
        ...{ prompt: `prompt ${index}`, answer, stopReason: "eogToken", skipped: [] },
        failures: answer === "wrong" ? ["it does not match right"] : [],
      })),
    },
  });
  const lines = (before: VariantReport, after: VariantReport) =>
    compareReleases(release(before), release(after)).variants.flatMap(answerLines);
  expect(lines(answering("a", "right", "c"), answering("a", "wrong", "d", "new"))).toEqual([
    "Q8_0 answers differently:",
    ...["  prompt 1", "    before: right", "    after (it does not match right): wrong"],
    ...["  prompt 2", "    before: c", "    after: d"],
  ]);
  expect(lines(answering("a"), answering("a"))).toEqual([]);
  expect(compareReleases(release(q8), release(answering("a"))).variants[0]?.answers).toBeNull();
});
