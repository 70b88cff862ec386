import type { RunReport } from "../../release/release-report.js";
import { type ExpertTokens, expertCoverageChart } from "./expert-coverage.js";
import { kldPercentilesChart } from "./kld-percentiles.js";
import { sizeKldChart } from "./size-kld.js";
import type { TypedTensor } from "./tensor-grid.js";
import { tensorTypesChart } from "./tensor-types.js";

export interface ChartFacts {
  /** With the variants that failed. */
  report: RunReport;
  /** Tensors of each variant. */
  tensors: ReadonlyMap<string, readonly TypedTensor[]>;
  /** What calibration saw; empty without an importance matrix. */
  coverage: readonly ExpertTokens[];
}

/** All charts of a release as SVG text; undefined where there is nothing to show. */
export interface ReleaseCharts {
  sizeKld: string | undefined;
  kldPercentiles: string | undefined;
  expertCoverage: string | undefined;
  /** By variant. */
  types: ReadonlyMap<string, string>;
}

/** Draws the charts of a release. Pure, and the same for the same facts. */
export function renderCharts({ report, tensors, coverage }: ChartFacts): ReleaseCharts {
  const types = [...tensors].flatMap(([variant, of]) => {
    const chart = tensorTypesChart(variant, of);
    return chart === undefined ? [] : [[variant, chart] as const];
  });
  return {
    sizeKld: sizeKldChart(report),
    kldPercentiles: kldPercentilesChart(report.variants),
    expertCoverage: expertCoverageChart(coverage),
    types: new Map(types),
  };
}
