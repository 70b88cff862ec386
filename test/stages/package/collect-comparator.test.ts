import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { collectComparator } from "../../../src/stages/package/collect-comparator.js";
import { qualityAt } from "../../fixtures/release-report.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();

/** Writes a report with one block of 8 chunks for each KLD. */
function measured(name: string, klds: readonly number[]): string {
  const blocks = klds.map((kld) => ({
    figures: { ...qualityAt(kld), chunks: 8 },
    quantiles: [],
    perChunk: Array.from({ length: 8 }, () => ({
      kld,
      logPerplexity: 2,
      logPerplexityRatio: 0,
      squaredDeltaP: 0,
      sameTop: 1,
    })),
    tokens: 2048,
  }));
  const path = join(folder, name);
  writeFileSync(
    path,
    JSON.stringify({ ...qualityAt(0.05), chunks: 8 * klds.length, breaches: [], decided: false, blocks }),
  );
  return path;
}

const preset = join(folder, "quantize.json");
writeFileSync(preset, JSON.stringify({ bytes: 100, bitsPerWeight: 4.9, types: {} }));

function collect(variant: readonly number[], inputs: Record<string, string> = {}) {
  const files: Record<string, string> = {
    "quality:Q4_K_M": measured("variant.json", variant),
    "comparatorQuality:Q4_K_M": measured("comparator.json", [0.02, 0.04, 0.06]),
    "comparator:Q4_K_M": preset,
    ...inputs,
  };
  const sources = { input: (name: string) => files[name], digest: () => undefined, steps: () => [] };
  return collectComparator({ name: "Q4_K_M", file: "m-Q4_K_M.gguf", comparator: "Q4_K_M" }, sources);
}

test("a variant whose gates were decided early is compared on its own chunks", async () => {
  const first = await collect([0.01]);
  expect(first).toMatchObject({ preset: "Q4_K_M", bytes: 100, quality: { kldMean: 0.02, chunks: 8 } });
  expect((await collect([0.01, 0.01, 0.01]))?.quality).toMatchObject({ kldMean: 0.05, chunks: 24 });
  expect(first?.quality).not.toHaveProperty("blocks");
});

test("without a measurement there is no comparison", async () => {
  expect(await collect([0.01], { "comparator:Q4_K_M": join(folder, "none") }).catch(() => undefined)).toBeUndefined();
});
