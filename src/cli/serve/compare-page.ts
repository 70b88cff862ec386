import { answerLines, comparisonCells, comparisonTitles, type ReleaseComparison } from "../../release/compare.js";
import { html } from "../../report/html/html.js";
import { type Page, table } from "./layout.js";

/** What differs between two releases, as `quantsmith compare` prints it. */
export function comparePage(before: string, after: string, { variants, inputs }: ReleaseComparison): Page {
  const answers = variants.flatMap(answerLines);
  const inputRows = inputs.map((input) => [input.name, input.before ?? "–", input.after ?? "–"]);
  const body = html`<p>Cells with two values: before → after.</p>
${table("Variants", comparisonTitles, variants.map(comparisonCells))}${
  answers.length === 0
    ? undefined
    : html`<h2>Answers</h2>\n<div class="scroll" role="region" aria-label="Answers" tabindex="0"><pre>${answers.join("\n")}</pre></div>\n`
}<h2>Source and tools</h2>
${inputs.length === 0 ? html`<p>The same.</p>\n` : table("Source and tools", ["Input", "Before", "After"], inputRows)}`;
  return { title: `${before} → ${after}`, body };
}
