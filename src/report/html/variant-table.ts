import { formatKld, formatMegabytes, gateCell, kldChange, smokeCell } from "../../release/figures.js";
import type { VariantQuality, VariantReport } from "../../release/release-report.js";
import { describeComparators } from "../describe-comparators.js";
import { type VariantSpeeds, variantSpeeds } from "../hardware/variant-speeds.js";
import { type Html, html } from "./html.js";
import type { PageFacts } from "./page-facts.js";

type QualityColumn = readonly [title: string, cell: (quality: VariantQuality) => string];

const qualityColumns: readonly QualityColumn[] = [
  ["Perplexity", ({ perplexity }) => perplexity.toFixed(3)],
  ["PPL ratio", ({ perplexityRatio }) => perplexityRatio.toFixed(4)],
  ["Mean KLD", formatKld],
  ["KLD median", ({ kldMedian }) => kldMedian.toFixed(5)],
  ["KLD 90\u00a0%", ({ kld90 }) => kld90.toFixed(4)],
  ["KLD 99\u00a0%", ({ kld99 }) => kld99.toFixed(4)],
  ["KLD 99.9\u00a0%", ({ kld999 }) => kld999.toFixed(3)],
  ["KLD max", ({ kldMax }) => kldMax.toFixed(3)],
  ["RMS Δp", ({ rmsDeltaP }) => `${rmsDeltaP.toFixed(2)} %`],
  ["Same top", ({ sameTop, sameTopError }) => `${sameTop.toFixed(2)} ± ${sameTopError.toFixed(2)} %`],
];

/** Renders all variants with all figures, and the reasons of failed gates below the table. */
export function variantTable({ report: { variants }, hardware }: Pick<PageFacts, "report" | "hardware">): Html {
  const speeds = variantSpeeds(hardware);
  const titles = [
    "Gate",
    "Smoke",
    "Size",
    "Bits per weight",
    "KLD vs preset",
    ...(speeds === undefined ? [] : [speeds.title]),
    ...qualityColumns.map(([title]) => title),
  ];
  return html`<div class="scroll" role="region" aria-label="Metrics of all variants" tabindex="0"><table class="sortable">
<thead><tr><th scope="col">Variant</th>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${variants.map((variant) => row(variant, speeds))}</tbody>
</table></div>
${variants.map(reasons)}${comparisons(variants)}`;
}

function row(variant: VariantReport, speeds: VariantSpeeds | undefined): Html {
  const { name, bytes, bitsPerWeight, quality, smoke } = variant;
  const cells = [
    smokeCell(smoke),
    formatMegabytes(bytes),
    bitsPerWeight.toFixed(2),
    kldChange(variant),
    ...(speeds === undefined ? [] : [speeds.cell(name)]),
    ...qualityColumns.map(([, cell]) => (quality === null ? "–" : cell(quality))),
  ];
  return html`<tr><th scope="row">${name}${variant.allocation === undefined ? undefined : html`<br><small>dynamic</small>`}</th><td>${verdict(variant)}</td>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}

function verdict(variant: VariantReport): Html {
  const text = gateCell(variant);
  if (text === "failed") return html`<strong class="bad">✗ failed</strong>`;
  return text === "passed" ? html`<span class="good">✓ passed</span>` : html`${text}`;
}

function comparisons(variants: readonly VariantReport[]): Html | undefined {
  const text = describeComparators(variants);
  return text === undefined ? undefined : html`<p class="quiet">${text}</p>\n`;
}

function reasons({ name, gate, reasons: list }: VariantReport): Html | undefined {
  if (gate === "passed") return undefined;
  return html`<p><strong class="bad">${name} is not in the release:</strong> ${list.join("; ")}.</p>
`;
}
