import { type Html, html } from "./html.js";
import type { PageFacts, SmokeAnswers } from "./page-facts.js";

/** What every variant answered; undefined when none was asked. */
export function smokeSection({ smoke }: PageFacts): Html | undefined {
  if (smoke.size === 0) return undefined;
  return html`<h2>Smoke tests</h2>
<p class="quiet">Each variant was loaded as an application would and asked these prompts, always taking the likeliest token.</p>
${[...smoke].map(([variant, answers]) => oneVariant(variant, answers))}`;
}

function oneVariant(variant: string, { problem, answers }: SmokeAnswers): Html {
  const failed = answers.filter(({ failures }) => failures.length > 0).length;
  const verdict =
    problem === null && failed === 0
      ? html`<span class="good">✓ ${answers.length} of ${answers.length} as expected</span>`
      : html`<strong class="bad">✗ ${failed === 0 ? "failed" : `${failed} of ${answers.length} not as expected`}</strong>`;
  return html`<details><summary>${variant}: ${verdict}</summary><div class="answers">
${problem === null ? undefined : html`<p class="bad">${problem}</p>\n`}${answers.map(
  ({ prompt, answer, stopReason, failures }) => html`<dl><dt>${prompt}</dt><dd>${answer}</dd></dl>
${failures.length === 0 ? undefined : html`<p class="bad">${failures.join("; ")} (stopped by ${stopReason})</p>\n`}`,
)}</div></details>
`;
}
