import { emptyCard } from "../../checkpoint/base-card.js";
import { overrideCard } from "../../checkpoint/override-card.js";
import type { SnapshotReport } from "../../checkpoint/snapshot-report.js";
import { readImatrix } from "../../gguf/read-imatrix.js";
import type { RunReport } from "../../release/release-report.js";
import type { ExpertTokens } from "../../report/charts/expert-coverage.js";
import type { ReleaseCharts } from "../../report/charts/release-charts.js";
import type { PageFacts, TextUse } from "../../report/html/page-facts.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import { collectTensors } from "./collect-tensors.js";
import type { PackageParams } from "./package-params.js";

/** Collects the contents of `report.html` from the run's report and the outputs of its steps. */
export async function collectPage(
  report: RunReport,
  params: PackageParams,
  context: StageContext,
): Promise<Omit<PageFacts, "hardware">> {
  const snapshot = await readReport<SnapshotReport>(context.input("snapshot"));
  const quality = report.variants.find((variant) => variant.quality !== null)?.quality;
  const probes = report.variants.find(({ allocation }) => allocation !== undefined)?.allocation?.probes;
  const { texts } = params;
  const tensors = await collectTensors(report, context);
  return {
    report,
    card: overrideCard(snapshot?.card ?? emptyCard, params.metadata),
    unsafe: snapshot?.unsafe ?? [],
    texts: {
      calibration: textUse(report.calibration, texts.calibration),
      search: textUse(probes ?? undefined, texts.search),
      evaluation: textUse(quality ? { ...quality, chunks: quality.chunksAvailable } : undefined, texts.evaluation),
    },
    tensors,
    charts: await charts(report, tensors, context),
  };
}

function textUse(use: Omit<TextUse, "files"> | undefined, files: TextUse["files"]): TextUse | null {
  if (use === undefined) return null;
  const { corpus, chunks, context } = use;
  return { corpus, chunks, context, files };
}

async function charts(report: RunReport, tensors: PageFacts["tensors"], context: StageContext): Promise<ReleaseCharts> {
  // Imported on use, since Plot takes as long to load as all other modules.
  const { renderCharts } = await import("../../report/charts/release-charts.js");
  return renderCharts({ report, tensors, coverage: await coverage(context) });
}

async function coverage(context: StageContext): Promise<ExpertTokens[]> {
  const path = context.input("imatrix");
  if (path === undefined) return [];
  const { entries } = await readImatrix(path);
  return [...entries].map(([name, { tokens }]) => ({ name, tokens: [...tokens] }));
}
