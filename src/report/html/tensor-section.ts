import { countTypes, formatBits } from "../charts/count-types.js";
import { embedJson, Html, html } from "./html.js";
import type { PageFacts } from "./page-facts.js";
import { bitsShade } from "./shades.js";
import {
  cellsOf,
  knownMeasures,
  type Measure,
  type TensorCell,
  type TensorMap,
  tensorData,
  tensorMap,
} from "./tensor-rows.js";

/** Maps of more layers have narrow columns with vertical type names. */
const wideLayers = 12;

/**
 * Renders a heat map of the tensors of each variant, roles by layers, coloured by bits per weight. The page's script
 * changes the colours and shows the values of a cell. Undefined without tensors.
 */
export function tensorSection({ report, tensors }: PageFacts): Html | undefined {
  const maps = [...tensors].map(([variant, list]) => tensorMap(variant, list)).filter(({ rows }) => rows.length > 0);
  if (maps.length === 0) return undefined;
  const known = knownMeasures(maps.flatMap(cellsOf));
  const opened = report.variants.find(({ allocation }) => allocation !== undefined)?.name ?? maps[0]?.variant;
  return html`<h2>Tensors</h2>
<p class="quiet">The type of each matrix by layer; few bits per weight are dark.${known.map(({ id }) => definitions[id])} All values: <code>tensors.json</code>.</p>
${known.length === 0 ? undefined : controls(known)}${maps.map((map) => heatMap(map, map.variant === opened))}${embedJson("tensor-data", tensorData(maps, known))}`;
}

const definitions: Readonly<Record<Measure["id"], string>> = {
  error:
    " Rounding error: of the weights, relative to their size and weighted by their effect on the output, from sampled rows; 1 equals storing zeros.",
  damage:
    " Predicted KLD: the rounding error times α, the mean KLD in nats per unit of error that the probes measured.",
};

function controls(known: readonly Measure[]): Html {
  return html`<div class="buttons" role="group" aria-label="Colour of the tensors" hidden>
${[{ id: "bits", title: "Bits per weight" }, ...known].map(
  ({ id, title }) => html`<button type="button" value="${id}" aria-pressed="${String(id === "bits")}">${title}</button>
`,
)}${known.map(
  ({
    id,
    least,
    most,
  }) => html`<span class="quiet" data-scale="${id}" hidden>${least} <span class="ramp"></span> ${most}</span>
`,
)}</div>
`;
}

function heatMap(map: TensorMap, open: boolean): Html {
  const { variant, layers, rows } = map;
  const numbers = Array.from({ length: layers }, (_, layer) => html`<th scope="col">${layer}</th>`);
  const legend = countTypes(cellsOf(map)).map(
    ({ type, count }) =>
      html`<li><span class="swatch ${bitsShade(type.bitsPerWeight)}"></span>${type.name} (${formatBits(type)} bits) × ${count}</li>
`,
  );
  return html`<details${open ? new Html(" open") : undefined}><summary>${variant}</summary>
<ul class="legend">
${legend}</ul>
<div class="scroll" role="region" aria-label="Tensors of ${variant}" tabindex="0"><table class="map${layers > wideLayers ? " tall" : ""}">
${layers === 0 ? undefined : html`<thead><tr><th scope="col">Layer</th>${numbers}</tr></thead>\n`}<tbody>
${rows.map(
  ({ role, cells }) => html`<tr><th scope="row">${role}</th>${cells.map((cell) => mapCell(cell, layers))}</tr>
`,
)}</tbody>
</table></div></details>
`;
}

function mapCell(cell: TensorCell | undefined, layers: number): Html {
  if (cell === undefined) return html`<td></td>`;
  const span = cell.layer === null && layers > 1 ? html` colspan="${layers}"` : undefined;
  return html`<td class="${bitsShade(cell.type.bitsPerWeight)}"${span}>${cell.type.name}</td>`;
}
