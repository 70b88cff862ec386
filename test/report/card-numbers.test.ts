import { expect, test } from "vitest";
import { emptyCard } from "../../src/checkpoint/base-card.js";
import type { RunReport } from "../../src/release/release-report.js";
import { renderCard } from "../../src/report/card.js";
import { hardwareOf } from "../fixtures/release-hardware.js";
import { largeReport, qualityAt } from "../fixtures/release-report.js";
import { underivedNumbers } from "./foreign/card-numbers.js";

/** A release that has everything about which a card states a number. */
const report: RunReport = {
  ...largeReport,
  variants: largeReport.variants.map((variant, index) => ({
    ...variant,
    ...(variant.allocation === undefined
      ? {}
      : { comparator: { preset: "Q4_K_S", bytes: 2e9 + index, bitsPerWeight: 4.5, quality: qualityAt(0.05) } }),
    rounding: {
      ...{ method: "feedback" as const, tensors: 9, lossRatio: 0.4 + index / 100 },
      nearest: index === 1 ? Array(7).fill({ name: "t", reason: "singular" as const }) : [],
    },
    quality: variant.quality && {
      ...variant.quality,
      chunks: index === 0 ? 8 : variant.quality.chunks,
      categories: {
        prose: { ...qualityAt(0.01), corpus: "prose.txt", chunksAvailable: 14 },
        long: { ...qualityAt(0.02), corpus: "report.txt", chunksAvailable: 2, context: 16_384 },
      },
    },
    tasks: [
      {
        ...{ name: "arc", kind: "multiple-choice", file: "arc.bin", sha256: "ef", questions: 400 + index },
        ...{ accuracy: 41.25 - index, accuracyError: 2.46, baseAccuracy: 43.5, baseAccuracyError: 2.48 },
        ...{ lost: 12, gained: 3, change: -2.25 - index, changeError: 0.98 },
      },
    ],
    smoke: { passed: 3, failed: 0, cosineToBase: 0.99871 - index / 1000, rankToBase: 0.98 },
  })),
  mtp: { file: "mtp-Model.gguf", bytes: 123_456_789, sha256: "ab" },
  projectors: [
    {
      ...{ file: "mmproj-Model-F16.gguf", bytes: 987_654_321, sha256: "cd", type: "F16" },
      ...{ pictures: true, audio: true, pictureTokens: 272, shown: true },
    },
  ],
  calibration: { corpus: "calibration.txt", chunks: 200, context: 512 },
  base: {
    ...{ bytes: 8_045_000_000, perplexity: 9.71 },
    evaluated: {
      type: "Q8_0",
      distance: {
        ...{ kldMean: 0.000445, kldMeanError: 0.000014, kld999: 0.004, kldMax: 0.005, sameTop: 97.941, chunks: 4 },
        ...{ corpus: "search-2.txt", context: 512 },
      },
    },
    noise: { kldMean: 0.00012, kldMeanError: 0.00001, kld999: 0.01, kldMax: 0.1, sameTop: 99.9, chunks: 80 },
  },
};
const hardware = hardwareOf(report, [
  "rtx-3060-12gb",
  "rtx-4090",
  "iphone-15-pro",
  "laptop-ddr5-16gb",
  "galaxy-a54-6gb",
]);
const [first] = report.variants;
if (first?.quality == null) throw new Error("no figures");
const { corpus, chunksAvailable: chunks, context } = first.quality;

const card = renderCard({
  ...{ report, hardware, card: emptyCard, unsafe: [], conversational: true, embedding: false, repo: null, layout: {} },
  ...{ baseModel: "org/Model", quantizedBy: null, tags: [], imatrixFile: "imatrix.gguf", calibrationDatasets: [] },
  ...{ ollamaNote: "", promptFormat: null, evaluation: { corpus, chunks, context }, assets: new Set() },
});

test("every number of a card follows from release.json and hardware-compatibility.json", () => {
  const [release, fits] = [report, hardware].map((data) => JSON.parse(JSON.stringify(data)));
  expect(underivedNumbers(card, release, fits)).toEqual([]);
  expect(card).toContain(
    "on up to 14 × 512 tokens of `prose.txt`, 2 × 16384 tokens of `report.txt`, not used for calibration.",
  );
});

test.each([
  ["a size", "4.27 GB", "4.17 GB"],
  ["a divergence", "0.00850 ± 0.00051", "0.00750 ± 0.00051"],
  ["a change against a preset", /[−+]\d+ %/, "−99 %"],
  ["an accuracy", "41.3 ± 2.5 %", "43.3 ± 2.5 %"],
  ["a change of an accuracy", "−2.3 ± 1.0", "−1.3 ± 1.0"],
  ["a context", "| 8192 |", "| 16384 |"],
  ["a speed", /(\d+)–\d+ \|\n/, "$1–999 |\n"],
  ["a number of probes", /\d+ probes/, "1000 probes"],
  ["a number of chunks", "after 8 of", "after 80 of"],
  ["a sentence with a new number", "## Details", "Ten times smaller: 10 ×.\n\n## Details"],
])("another number is not derived: %s", (_what, from, to) => {
  const changed = card.replace(from, to);
  expect(changed).not.toBe(card);
  expect(underivedNumbers(changed, report, hardware)).not.toEqual([]);
});
