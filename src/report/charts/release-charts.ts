import type { RunReport } from "../../release/release-report.js";
import { type ExpertTokens, expertCoverageChart } from "./expert-coverage.js";
import { kldCategoriesChart, kldPositionsChart } from "./kld-categories.js";
import { kldPercentilesChart } from "./kld-percentiles.js";
import { sizeKldChart } from "./size-kld.js";
import type { TypedTensor } from "./tensor-grid.js";
import { tensorTypesChart } from "./tensor-types.js";

export interface ChartFacts {
  /** Includes variants that failed. */
  report: RunReport;
  /** Tensors by variant name. */
  tensors: ReadonlyMap<string, readonly TypedTensor[]>;
  /** Calibration tokens per expert; empty without an imatrix. */
  coverage: readonly ExpertTokens[];
}

/** Charts of a release as SVG text; undefined without data. */
export interface ReleaseCharts {
  sizeKld: string | undefined;
  kldPercentiles: string | undefined;
  kldCategories: string | undefined;
  kldPositions: string | undefined;
  expertCoverage: string | undefined;
  /** By variant name. */
  types: ReadonlyMap<string, string>;
}

/** Draws the charts of a release. Deterministic. */
export function renderCharts({ report, tensors, coverage }: ChartFacts): ReleaseCharts {
  const types = [...tensors].flatMap(([variant, of]) => {
    const chart = tensorTypesChart(variant, of);
    return chart === undefined ? [] : [[variant, chart] as const];
  });
  return {
    sizeKld: sizeKldChart(report),
    kldPercentiles: kldPercentilesChart(report.variants),
    kldCategories: kldCategoriesChart(report),
    kldPositions: kldPositionsChart(report),
    expertCoverage: expertCoverageChart(coverage),
    types: new Map(types),
  };
}
