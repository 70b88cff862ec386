import type { RunReport, VariantQuality } from "../../release/release-report.js";
import { type HeatMapRow, kldHeatMap } from "./kld-heat-map.js";

type Measured = Pick<RunReport, "variants">;
type Categories = NonNullable<VariantQuality["categories"]>;

/**
 * Draws the mean KL divergence of each variant, and of the preset that it is compared with, on each category of the
 * evaluation. Undefined without categories.
 */
export function kldCategoriesChart(report: Measured): string | undefined {
  const rows = rowsOf(report, (name, categories) => [
    { name, klds: new Map(Object.entries(categories).map(([category, { kldMean }]) => [category, kldMean])) },
  ]);
  return kldHeatMap({ name: "kld-categories", by: "by kind of text", rows });
}

/** Draws the mean KL divergence by the number of tokens before a token, of the same models. Undefined without a long text. */
export function kldPositionsChart(report: Measured): string | undefined {
  const rows = rowsOf(report, (name, categories) =>
    Object.entries(categories).flatMap(([category, { kldByPosition = [] }]) =>
      kldByPosition.length === 0
        ? []
        : [
            {
              name: `${name}, ${category}`,
              klds: new Map(kldByPosition.map(({ from, to, kldMean }) => [`${from}–${to}`, kldMean])),
            },
          ],
    ),
  );
  return kldHeatMap({ name: "kld-positions", by: "by tokens of context", rows });
}

/** Returns the rows of all variants and comparators with categories. */
function rowsOf({ variants }: Measured, rows: (name: string, categories: Categories) => HeatMapRow[]): HeatMapRow[] {
  const models = variants.flatMap(({ name, quality, comparator }) => [
    { name, quality },
    ...(comparator === undefined ? [] : [{ name: `llama.cpp ${comparator.preset}`, quality: comparator.quality }]),
  ]);
  return models.flatMap(({ name, quality }) =>
    quality?.categories === undefined ? [] : rows(name, quality.categories),
  );
}
