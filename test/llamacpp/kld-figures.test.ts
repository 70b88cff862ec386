import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parseKldFigures, parseKldQuantiles } from "../../src/llamacpp/kld-figures.js";
import { parseChunkFigures } from "../../src/llamacpp/kld-rows.js";

const recorded = () => readFile(new URL("../fixtures/llamacpp/kl-divergence.stdout.txt", import.meta.url), "utf8");

describe("parseKldFigures", () => {
  test("parses every metric of a real run", async () => {
    expect(parseKldFigures(await recorded())).toEqual({
      chunks: 40,
      perplexity: 12.319982,
      perplexityError: 0.240625,
      basePerplexity: 12.135389,
      perplexityRatio: 1.015211,
      perplexityRatioError: 0.001972,
      kldMean: 0.01755,
      kldMeanError: 0.000211,
      kldMax: 0.611877,
      kld999: 0.201243,
      kld99: 0.108035,
      kld95: 0.049195,
      kld90: 0.034719,
      kldMedian: 0.012358,
      rmsDeltaP: 3.297,
      rmsDeltaPError: 0.079,
      sameTop: 90.922,
      sameTopError: 0.284,
    });
  });

  test("returns NaN and infinity, which the caller must reject", async () => {
    const text = (await recorded())
      .replace("Mean    KLD:   0.017550", "Mean    KLD:       -nan")
      .replace("0.611877", "inf");
    const figures = parseKldFigures(text);
    expect(figures?.kldMean).toBeNaN();
    expect(figures?.kldMax).toBe(Number.POSITIVE_INFINITY);
  });

  test("returns 0 for a NaN error of a finite value, as in a comparison of a model with itself", async () => {
    const text = (await recorded()).replace("1.015211 ±   0.001972", "1.000000 ±       -nan");
    expect(parseKldFigures(text)).toMatchObject({ perplexityRatio: 1, perplexityRatioError: 0 });
  });

  test("returns undefined for output without the tables", async () => {
    const text = await recorded();
    expect(parseKldFigures(text.slice(0, text.indexOf("====== KL")))).toBeUndefined();
  });
});

test("parses every quantile of the KLD, lowest first", async () => {
  const quantiles = parseKldQuantiles(await recorded());
  expect(quantiles.map(([fraction]) => fraction)).toEqual([0, 0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1]);
  expect(quantiles.at(-2)).toEqual([0.999, 0.201243]);
  expect([...quantiles].sort(([, a], [, b]) => a - b)).toEqual(quantiles);
});

test("computes the means of each chunk from the running means", async () => {
  const text = await recorded();
  const [first, second, third] = parseChunkFigures(text.slice(0, text.indexOf("\n  39 ")));
  expect(first).toMatchObject({ kld: 0.0132, logPerplexityRatio: 0.02178, sameTop: 0.94902 });
  expect(first?.logPerplexity).toBeCloseTo(Math.log(7.2767), 9);
  expect(second?.kld).toBeCloseTo(2 * 0.01514 - 0.0132, 9);
  expect(third?.kld).toBeCloseTo(3 * 0.01528 - 2 * 0.01514, 9);
  expect(third?.squaredDeltaP).toBeCloseTo(3 * 0.03003 ** 2 - 2 * 0.02655 ** 2, 9);
});
