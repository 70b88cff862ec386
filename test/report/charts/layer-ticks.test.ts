import { expect, test } from "vitest";
import { layerTicks } from "../../../src/report/charts/layer-ticks.js";
import { renderCharts } from "../../../src/report/charts/release-charts.js";
import { largeReport, typed } from "../../fixtures/release-report.js";

test("ticks are every n-th layer", () => {
  expect(layerTicks(4, 1000, 28)).toEqual([0, 1, 2, 3]);
  expect(layerTicks(100, 1000, 28)).toEqual(Array.from({ length: 34 }, (_, index) => 3 * index));
  expect(layerTicks(0, 1000, 28)).toEqual([]);
});

test.each([4_000_000_000, 1e300, Number.POSITIVE_INFINITY])("a tensor of layer %s draws no more", (layer) => {
  expect(layerTicks(layer, 1000, 28).length).toBeLessThan(37);
  const digits = Number.isFinite(layer) ? BigInt(layer).toString() : "9".repeat(400);
  const tensors = [typed(`blk.${digits}.ffn_up.weight`, "Q4_K"), typed("blk.0.ffn_up.weight", "Q4_K")];
  const coverage = tensors.map(({ name }) => ({ name, tokens: [1, 2] }));
  const charts = renderCharts({ report: largeReport, tensors: new Map([["Q4_K_M", tensors]]), coverage });
  expect(charts.types.get("Q4_K_M")?.length).toBeLessThan(10_000);
  expect(charts.expertCoverage?.length).toBeLessThan(10_000);
});
