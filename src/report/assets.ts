import type { ReleaseCharts } from "./charts/release-charts.js";

/** Where a chart lies in a release. The names stay, since pages elsewhere may link to them. */
export const assetPaths = {
  sizeKld: "assets/size-kld.svg",
  kldPercentiles: "assets/kld-percentiles.svg",
  expertCoverage: "assets/expert-coverage.svg",
  types: (variant: string) => `assets/types-${variant}.svg`,
} as const;

/** The charts that a release holds as files, by path: heat maps only of the variants in it. */
export function releaseAssets(charts: ReleaseCharts, variants: readonly string[]): Map<string, string> {
  const files = [
    [assetPaths.sizeKld, charts.sizeKld],
    [assetPaths.kldPercentiles, charts.kldPercentiles],
    [assetPaths.expertCoverage, charts.expertCoverage],
    ...variants.map((variant) => [assetPaths.types(variant), charts.types.get(variant)] as const),
  ] as const;
  return new Map(files.flatMap(([path, svg]) => (svg === undefined ? [] : [[path, svg] as const])));
}
