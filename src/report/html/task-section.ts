import { taskNote, taskRows, taskTitles } from "../../release/task-score.js";
import { type Html, html } from "./html.js";
import type { PageFacts } from "./page-facts.js";

/** Renders the answers to the questions of the tasks; undefined without any. */
export function taskSection({ report }: PageFacts): Html | undefined {
  const rows = taskRows(report.variants);
  if (rows.length === 0) return undefined;
  return html`<h2>Multiple-choice questions</h2>
<div class="scroll" role="region" aria-label="Multiple-choice questions" tabindex="0"><table class="sortable">
<thead><tr>${taskTitles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(([name, ...cells]) => html`<tr><th scope="row">${name ?? ""}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>
<p class="quiet">${taskNote}</p>
`;
}
