import { formatMegabytes, toolName } from "../../release/figures.js";
import type { RunReport } from "../../release/release-report.js";
import { warningText } from "../../util/warnings.js";
import { baseKind, describeSource } from "../describe-source.js";
import { hardwareSection } from "./hardware-section.js";
import { Html, html } from "./html.js";
import { allocationSection, methodSection } from "./method-section.js";
import type { PageFacts } from "./page-facts.js";
import { pageStyle } from "./page-style.js";
import { smokeSection } from "./smoke-section.js";
import { taskSection } from "./task-section.js";
import { variantTable } from "./variant-table.js";

/** Renders `report.html`, a self-contained file. Deterministic, so without durations. */
export function renderPage(facts: PageFacts): string {
  const { report, charts } = facts;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${report.model.name} GGUF: report</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<main>
${header(facts)}
<h2>Variants</h2>
${variantTable(report.variants)}${warningNotes(report)}${hardwareSection(facts)}${charts.sizeKld === undefined ? undefined : html`<h2>Size and quality loss</h2>\n`}${chart(charts.sizeKld, "narrow")}${chart(charts.kldPercentiles, "narrow")}${chart(charts.kldCategories, "narrow")}${chart(charts.kldPositions, "narrow")}${typesSection(facts)}${allocationSection(facts)}${taskSection(facts)}${smokeSection(facts)}${methodSection(facts)}${coverageSection(facts)}${toolchainSection(facts)}</main>
</body>
</html>
`;
  return page.text;
}

function header({ report, card: { license, licenseName }, unsafe }: PageFacts): Html {
  const { model } = report;
  const parts = [
    model.commit === null ? describeSource(report) : `${model.source} at ${model.commit}`,
    model.architecture,
    model.parameters === null ? null : `${formatCount(model.parameters)} parameters`,
    report.base === null ? null : `${formatMegabytes(report.base.bytes)} as ${baseKind(report)}`,
    license === null ? null : `licence ${licenseName ?? license}`,
  ];
  const warning = html`<p class="warning"><strong>Built from files that can run code when opened:</strong> ${unsafe.join(", ")}</p>`;
  return html`<h1>${model.name} GGUF</h1>
<p class="quiet">${parts.filter((part) => part !== null).join(" · ")}</p>
${unsafe.length === 0 ? undefined : warning}`;
}

/** All warnings, since the page also has the variants that failed. */
function warningNotes({ warnings = [] }: RunReport): Html[] {
  return warnings.map(
    (warning) => html`<p class="warning"><strong>${warning.code}</strong> ${warningText(warning)} ${warning.remedy}</p>
`,
  );
}

function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} billion`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(2)} million` : String(count);
}

/** Inserts a chart of `renderCharts`, whose texts are already escaped. */
function chart(svg: string | undefined, size: "narrow" | "wide"): Html | undefined {
  if (svg === undefined) return undefined;
  return html`<div class="scroll ${size}" role="group" tabindex="0">${new Html(svg)}</div>
`;
}

function typesSection({ charts }: PageFacts): Html | undefined {
  if (charts.types.size === 0) return undefined;
  return html`<h2>Tensor types</h2>
${[...charts.types].map(([variant, svg]) => html`<details><summary>${variant}</summary>${chart(svg, "wide")}</details>\n`)}`;
}

function coverageSection({ charts }: PageFacts): Html | undefined {
  if (charts.expertCoverage === undefined) return undefined;
  return html`<h2>Expert coverage of the calibration text</h2>
${chart(charts.expertCoverage, "narrow")}`;
}

function toolchainSection({ report }: PageFacts): Html {
  return html`<h2>Toolchain</h2>
<dl>
${Object.entries(report.toolchain).map(([tool, version]) => html`<dt>${toolName(tool)}</dt><dd>${version}</dd>\n`)}<dt>Recipe</dt><dd>${report.recipe}</dd>
</dl>
`;
}
