import { expect, test } from "vitest";
import type { RunReport, VariantQuality } from "../../../src/release/release-report.js";
import { renderPage } from "../../../src/report/html/page.js";
import { renderTensors } from "../../../src/report/tensor-facts.js";
import { expertTokens, largePage } from "../../fixtures/release-page.js";
import { largeReport, qualityAt } from "../../fixtures/release-report.js";
import { type ReleaseFiles, underivedPageNumbers } from "../foreign/page-numbers.js";

/** With everything about which a page states a number. */
const facts = largePage({
  ...largeReport,
  variants: largeReport.variants.map((variant, index) => ({
    ...variant,
    quality: { ...withCategories(variant.quality ?? qualityAt(1)), chunks: index === 0 ? 8 : 80 },
    ...(variant.allocation && {
      comparator: { preset: variant.name, bytes: 2e9, bitsPerWeight: 4.5, quality: withCategories(qualityAt(0.05)) },
    }),
    tasks: [
      {
        ...{ name: "arc", kind: "multiple-choice", file: "arc.bin", sha256: "ef", questions: 400 + index },
        ...{ accuracy: 41.25 - index, accuracyError: 2.46, baseAccuracy: 43.5, baseAccuracyError: 2.48 },
        ...{ lost: 12, gained: 3, change: -2.25 - index, changeError: 0.98 },
      },
    ],
    ...(index === 1 && { rounding: { method: "feedback" as const, tensors: 9, lossRatio: 0.4, nearest: [] } }),
  })),
  calibration: { corpus: "calibration.txt", chunks: 200, context: 512 },
  warnings: [{ code: "QW-VARIANT-POINTLESS", message: "Q4_K_L has 7 faults", remedy: "Remove 1 of 2." }],
});

function withCategories(quality: VariantQuality): VariantQuality {
  const { kldMean } = quality;
  const kldByPosition = [
    { from: 256, to: 512, kldMean: kldMean * 1.9, kldMeanError: 0.001 },
    { from: 4096, to: 8192, kldMean: kldMean * 2.3, kldMeanError: 0.001 },
  ];
  const long = { ...qualityAt(kldMean * 2.1), kldByPosition };
  return { ...quality, categories: { code: qualityAt(kldMean / 3), long } };
}

const { variants, ...others } = facts.report;
const isReleased = ({ gate }: RunReport["variants"][number]) => gate === "passed";
/** The other files, as read. */
const files: ReleaseFiles = JSON.parse(
  JSON.stringify({
    release: {
      ...others,
      variants: variants.filter(isReleased),
      unreleased: variants.filter((one) => !isReleased(one)),
    },
    hardware: facts.hardware,
    tensors: JSON.parse(renderTensors(facts.tensors)),
    experts: expertTokens,
    licence: facts.card.license,
    digests: Object.values(facts.texts).flatMap((use) => use?.files.map(({ sha256 }) => sha256)),
  }),
);
const page = renderPage(facts);

test("every number of a page follows from the other files of its release", () => {
  expect(underivedPageNumbers(page, files)).toEqual([]);
});

test.each([
  ["a size", "<td>4.27 GB", "<td>4.17 GB"],
  ["a divergence", "<td>0.00850 ± 0.00051", "<td>0.00750 ± 0.00051"],
  ["a percentile", "<td>0.1331</td>", "<td>0.1332</td>"],
  ["a change against a preset", /<td>[−+]\d+ %/, "<td>−99 %"],
  ["a speed", "<td>4.9–17", "<td>4.9–18"],
  ["a value of a chart", /mean KLD 0\.000210 ±/, "mean KLD 0.000110 ±"],
  ["a cell of the categories", /(class="(?:light|dark)"><text[^>]*>)[\d.e-]+/, "$19.99"],
  ["a cell of the positions", /4096–8192: mean KLD [\d.]+/, "4096–8192: mean KLD 9.99"],
  ["a layer's coverage", /layer 3: [\d.]+ to/, "layer 3: 9.9 to"],
  ["a type of a tensor", /<td class="v\d+">Q3_K</, '<td class="v1">Q2_K<'],
  ["bytes of a tensor", /\[0,8912896,/, "[0,8912897,"],
  ["an alpha", '"alphas":[null,0.3,', '"alphas":[null,0.4,'],
  ["a number of tensors of a type", /bits\) × 39/, "bits) × 40"],
  ["a number of probes", "38 probes", "39 probes"],
  ["a number of chunks", "after 8 of", "after 80 of"],
  ["a digest", "sha256 <code>0123", "sha256 <code>1123"],
  ["an answer", "<dd>12</dd>", "<dd>14</dd>"],
  ["a sentence with a new number", "</h1>", "</h1><p>Ten times smaller: 10 ×.</p>"],
])("another number is not derived: %s", (_what, from, to) => {
  const changed = page.replace(from, to);
  expect(changed).not.toBe(page);
  expect(underivedPageNumbers(changed, files)).not.toEqual([]);
});
