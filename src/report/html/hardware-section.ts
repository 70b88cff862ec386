import { devicePicks, type TextTable } from "../hardware/device-picks.js";
import { fitGrids } from "../hardware/fit-grid.js";
import { type Html, html } from "./html.js";
import type { PageFacts } from "./page-facts.js";

/** The quick pick by device and, folded, every variant on every device; undefined when nothing was judged. */
export function hardwareSection({ hardware }: PageFacts): Html | undefined {
  if (hardware.variants.length === 0) return undefined;
  return html`<h2>Which file for which device</h2>
${table(devicePicks(hardware), "The file to take, by device")}<p class="quiet">Memory is what llama.cpp's own allocator asks for with an f16 cache, held against what one model may take of the device. Tokens per second are of generating, a range from the memory's bandwidth. Sources and all figures: <code>hardware-compatibility.json</code>.</p>
${fitGrids(hardware).map(
  (grid) =>
    html`<details><summary>All variants with ${grid.context} tokens of context</summary>${table(grid, `All variants with ${grid.context} tokens of context`)}</details>
`,
)}`;
}

function table({ titles, rows }: TextTable, label: string): Html {
  return html`<div class="scroll words" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody>
</table></div>
`;
}
