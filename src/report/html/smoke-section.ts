import { notJudged } from "../../release/figures.js";
import type { VariantSmoke } from "../../release/release-report.js";
import { type Html, html } from "./html.js";
import type { PageFacts } from "./page-facts.js";

/** Renders the answers of every tested variant; undefined without any. */
export function smokeSection({ report: { variants } }: PageFacts): Html | undefined {
  const tested = variants.flatMap(({ name, smoke }) => (smoke === null ? [] : [{ name, smoke }]));
  if (tested.length === 0) return undefined;
  return html`<h2>Smoke tests</h2>
<p class="quiet">Each variant was loaded as in an application and answered these prompts with greedy decoding.</p>
${tested.map(({ name, smoke }) => oneVariant(name, smoke))}`;
}

function oneVariant(variant: string, { problem, answers = [] }: VariantSmoke): Html {
  const failed = answers.filter(({ failures }) => failures.length > 0).length;
  const passed = answers.filter(({ failures, skipped }) => failures.length === 0 && skipped.length === 0).length;
  const verdict =
    problem !== undefined || failed > 0
      ? html`<strong class="bad">✗ ${failed === 0 ? "failed" : `${failed} of ${answers.length} failed`}</strong>`
      : passed > 0
        ? html`<span class="good">✓ ${passed} of ${answers.length} passed</span>`
        : html`${notJudged}`;
  return html`<details><summary>${variant}: ${verdict}</summary><div class="answers">
${problem === undefined ? undefined : html`<p class="bad">${problem}</p>\n`}${answers.map(
  ({
    prompt,
    projector,
    answer,
    stopReason,
    failures,
    skipped,
  }) => html`<dl><dt>${prompt}${projector === undefined ? undefined : ` (picture, projector ${projector})`}</dt><dd>${answer}</dd></dl>
${skipped.length === 0 ? undefined : html`<p class="quiet">Not checked: ${skipped.join("; ")}</p>\n`}${failures.length === 0 ? undefined : html`<p class="bad">${failures.join("; ")} (stop reason: ${stopReason})</p>\n`}`,
)}</div></details>
`;
}
