import { comparedBase, formatMegabytes } from "../../release/figures.js";
import type { RunReport, VariantReport } from "../../release/release-report.js";
import { describeCompute } from "../describe-compute.js";
import { describeEarlyStop } from "../describe-early-stop.js";
import { describeEvaluatedBase } from "../describe-evaluated-base.js";
import { describeEvaluation } from "../describe-evaluation.js";
import { describeKept } from "../describe-kept.js";
import { describeRounding } from "../describe-rounding.js";
import { type Html, html } from "./html.js";
import type { PageFacts, TextUse } from "./page-facts.js";

const figuresNote = (
  base: string,
) => html`<p class="quiet">All metrics compare a variant with the ${base} on the evaluation text, measured with llama-perplexity. PPL ratio: perplexity divided by that of the base, 1 is lossless. KLD: Kullback-Leibler divergence from the base's next-token distribution in nats, 0 is lossless; mean ± standard error from the variance between chunks of the text, and percentiles over tokens. RMS Δp: root mean square change of the correct token's probability. Same top: share of tokens for which variant and base have the same most likely token.</p>
`;

/** Renders the texts with digests and the definition of each figure; undefined without calibration and evaluation. */
export function methodSection({ report, texts }: PageFacts): Html | undefined {
  if (texts.evaluation === null && texts.calibration === null) return undefined;
  const early = describeEarlyStop(report);
  const compute = describeCompute(report);
  const evaluated = describeEvaluatedBase(report);
  const kept = describeKept(report);
  return html`<h2>How it was measured</h2>
<dl>
${textEntry("Evaluation", texts.evaluation, report)}${textEntry("Calibration", texts.calibration)}${textEntry("Search", texts.search)}${baseEntry(report, texts.evaluation)}${roundingEntry(report)}</dl>
${kept === undefined ? undefined : html`<p>${kept}</p>\n`}${evaluated === undefined ? undefined : html`<p>${evaluated}</p>\n`}${compute === undefined ? undefined : html`<p>${compute}</p>\n`}${early === undefined ? undefined : html`<p>${early}</p>\n`}${texts.evaluation === null ? undefined : figuresNote(comparedBase(report))}`;
}

/** `measured`: the release, whose categories are listed. */
function textEntry(
  title: string,
  use: TextUse | null,
  measured: Pick<RunReport, "variants"> = { variants: [] },
): Html | undefined {
  if (use === null) return undefined;
  const files = use.files.map(
    ({ name, sha256 }) =>
      html`<br><code>${name}</code>${sha256 === null ? undefined : html` sha256 <code>${sha256}</code>`}`,
  );
  return html`<dt>${title}</dt><dd>${describeEvaluation(measured, use, (corpus) => corpus)}${files}</dd>
`;
}

/** The base's perplexity on the whole text, and on the parts on which variants were measured, for comparison. */
function baseEntry({ base, variants }: RunReport, text: TextUse | null): Html | undefined {
  if (base === null) return undefined;
  const parts = new Map<number, number>(
    variants.flatMap(({ quality }) =>
      quality !== null && quality.chunks < quality.chunksAvailable
        ? [[quality.chunks, quality.basePerplexity] as const]
        : [],
    ),
  );
  const whole = parts.size === 0 || text === null ? "" : ` over ${text.chunks} chunks`;
  const words = [
    formatMegabytes(base.bytes),
    ...(base.perplexity === null ? [] : [`perplexity ${base.perplexity.toFixed(3)}${whole}`]),
    ...[...parts].map(([chunks, perplexity]) => `${perplexity.toFixed(3)} over the ${chunks} measured`),
  ];
  return html`<dt>${base.quantized === undefined ? "16-bit base" : "Base"}</dt><dd>${words.join(", ")}</dd>
`;
}

function roundingEntry(report: RunReport): Html | undefined {
  const rounding = describeRounding(report);
  return rounding === undefined
    ? undefined
    : html`<dt>Rounding</dt><dd>${rounding}</dd>
`;
}

/** Renders the basis of the tensor types, and predicted against measured KLD; undefined without dynamic variants. */
export function allocationSection({ report }: PageFacts): Html | undefined {
  const chosen = report.variants.flatMap((variant) =>
    variant.allocation === undefined ? [] : [{ ...variant, allocation: variant.allocation }],
  );
  const first = chosen[0];
  if (first === undefined) return undefined;
  const { probes } = first.allocation;
  const basis =
    probes === null
      ? "Without probes, the prediction uses the sensitivity of each tensor role in other models."
      : `The prediction uses ${probes.count} probes, each of which quantized ${probes.effort === "tensors" ? "one tensor" : "one group of tensors"} to a low precision and measured the KL divergence on ${probes.chunks} × ${probes.context} tokens of ${probes.corpus}.`;
  return html`<h2>Dynamic variants</h2>
<p>The tensor types minimize the predicted KL divergence of the file within its size budget. ${basis} The optimality gap is a bound: the
prediction exceeds that of the best choice within the budget by at most this share.</p>
<div class="scroll" role="region" aria-label="Dynamic variants" tabindex="0"><table class="sortable">
<thead><tr><th scope="col">Variant</th><th scope="col">Budget</th><th scope="col">Used</th><th scope="col">Predicted KLD</th><th scope="col">Measured KLD</th><th scope="col">Optimality gap</th></tr></thead>
<tbody>
${chosen.map(allocationRow)}</tbody>
</table></div>
`;
}

function allocationRow({
  name,
  bytes,
  quality,
  allocation,
}: VariantReport & Required<Pick<VariantReport, "allocation">>): Html {
  const cells = [
    formatMegabytes(allocation.budgetBytes),
    `${((100 * bytes) / allocation.budgetBytes).toFixed(2)} %`,
    allocation.predictedKld === null ? "–" : allocation.predictedKld.toFixed(5),
    quality === null ? "–" : quality.kldMean.toFixed(5),
    `at most ${(100 * allocation.boundGap).toFixed(2)} %`,
  ];
  return html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}
