import { createHash } from "node:crypto";
import { formatMegabytes, toolName } from "../../release/figures.js";
import type { RunReport } from "../../release/release-report.js";
import { warningText } from "../../util/warnings.js";
import { baseKind, describeSource } from "../describe-source.js";
import { hardwareSection } from "./hardware-section.js";
import { Html, html } from "./html.js";
import { allocationSection, methodSection } from "./method-section.js";
import type { PageFacts } from "./page-facts.js";
import { pageScript } from "./page-script.js";
import { pageStyle } from "./page-style.js";
import { shadeStyle } from "./shades.js";
import { smokeSection } from "./smoke-section.js";
import { taskSection } from "./task-section.js";
import { tensorSection } from "./tensor-section.js";
import { variantTable } from "./variant-table.js";

/** Blocks everything that the page does not contain, and every script but its own. */
export const pagePolicy = [
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  `script-src 'sha256-${createHash("sha256").update(pageScript).digest("base64")}'`,
].join("; ");

/** Renders `report.html`, a self-contained file. Deterministic, so without durations. */
export function renderPage(facts: PageFacts): string {
  const { report, charts } = facts;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy}">
<link rel="icon" href="data:,">
<title>${report.model.name} GGUF: report</title>
<style>${new Html(pageStyle)}${new Html(shadeStyle)}
</style>
</head>
<body>
<main>
${header(facts)}
<h2 id="variants">Variants</h2>
${variantTable(facts)}${warningNotes(report)}${hardwareSection(facts)}${charts.sizeKld === undefined ? undefined : html`<h2>Size and quality loss</h2>\n`}${chart(charts.sizeKld)}${chart(charts.kldPercentiles)}${chart(charts.kldCategories)}${chart(charts.kldPositions)}${tensorSection(facts)}${allocationSection(facts)}${taskSection(facts)}${smokeSection(facts)}${methodSection(facts)}${coverageSection(facts)}${toolchainSection(facts)}</main>
<div id="tip" role="tooltip" hidden></div>
<script>${new Html(pageScript)}</script>
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
function chart(svg: string | undefined): Html | undefined {
  if (svg === undefined) return undefined;
  return html`<div class="scroll chart">${new Html(svg)}</div>
`;
}

function coverageSection({ charts }: PageFacts): Html | undefined {
  if (charts.expertCoverage === undefined) return undefined;
  return html`<h2>Expert coverage of the calibration text</h2>
${chart(charts.expertCoverage)}`;
}

function toolchainSection({ report }: PageFacts): Html {
  return html`<h2>Toolchain</h2>
<dl>
${Object.entries(report.toolchain).map(([tool, version]) => html`<dt>${toolName(tool)}</dt><dd>${version}</dd>\n`)}<dt>Recipe</dt><dd>${report.recipe}</dd>
</dl>
`;
}
