import type { ReleaseCharts } from "./charts/release-charts.js";

/** Paths of the charts in a release. Stable, because other pages may link to them. */
export const assetPaths = {
  sizeKld: "assets/size-kld.svg",
  kldPercentiles: "assets/kld-percentiles.svg",
  kldCategories: "assets/kld-categories.svg",
  kldPositions: "assets/kld-positions.svg",
  expertCoverage: "assets/expert-coverage.svg",
  types: (variant: string) => `assets/types-${variant}.svg`,
} as const;

/** Returns the chart files of a release, path to SVG; type heat maps only for `variants`. */
export function releaseAssets(charts: ReleaseCharts, variants: readonly string[]): Map<string, string> {
  const files = [
    [assetPaths.sizeKld, charts.sizeKld],
    [assetPaths.kldPercentiles, charts.kldPercentiles],
    [assetPaths.kldCategories, charts.kldCategories],
    [assetPaths.kldPositions, charts.kldPositions],
    [assetPaths.expertCoverage, charts.expertCoverage],
    ...variants.map((variant) => [assetPaths.types(variant), charts.types.get(variant)] as const),
  ] as const;
  return new Map(files.flatMap(([path, svg]) => (svg === undefined ? [] : [[path, svg] as const])));
}
