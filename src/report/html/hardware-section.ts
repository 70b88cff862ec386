import { describeSpeeds } from "../hardware/describe-speeds.js";
import { devicePicks, type TextTable } from "../hardware/device-picks.js";
import { fitGrids } from "../hardware/fit-grid.js";
import { type Html, html } from "./html.js";
import type { PageFacts } from "./page-facts.js";

/** Renders the recommended variant by device and, folded, every variant on every device; undefined without estimates. */
export function hardwareSection({ hardware }: PageFacts): Html | undefined {
  if (hardware.variants.length === 0) return undefined;
  return html`<h2>Which file for which device</h2>
${table(devicePicks(hardware), "Recommended variant by device")}<p class="quiet">Fit: the memory that llama.cpp's allocator requests with an f16 KV cache, compared to the device's memory budget. Context: tokens.${describeSpeeds(hardware)} Sources and all values: <code>hardware-compatibility.json</code>.</p>
${fitGrids(hardware).map(
  (grid) =>
    html`<details><summary>All variants at ${grid.context} tokens of context</summary>${table(grid, `All variants at ${grid.context} tokens of context`)}</details>
`,
)}`;
}

function table({ titles, rows }: TextTable, label: string): Html {
  return html`<div class="scroll words" role="region" aria-label="${label}" tabindex="0"><table class="sortable">
<thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody>
</table></div>
`;
}
