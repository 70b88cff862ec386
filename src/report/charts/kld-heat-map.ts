import { drawSvg, type SvgNode, titleHeight } from "./draw-svg.js";
import { inkOn, rampColour } from "./ramp.js";
import { textWidth } from "./text-width.js";

const width = 600;
const rowHeight = 30;
/** Range of the mean KLD in nats on the colour scale; little loss is dark. Fixed, so that charts are comparable. */
const kldRange = [0.0003, 0.3] as const;

export interface HeatMapRow {
  name: string;
  /** Mean KLD by title of the column. */
  klds: ReadonlyMap<string, number>;
}

/** What the columns of a heat map are. */
export interface HeatMap {
  /** Name of the file, and prefix of ids. */
  name: string;
  /** `by kind of text`. */
  by: string;
  rows: readonly HeatMapRow[];
}

/** Draws the mean KL divergence of rows by column as a heat map. Undefined without rows. */
export function kldHeatMap({ name, by, rows }: HeatMap): string | undefined {
  const columns = [...new Set(rows.flatMap(({ klds }) => [...klds.keys()]))];
  if (rows.length === 0) return undefined;
  const left = 28 + Math.max(...rows.map(({ name }) => textWidth(name)));
  const cell = (width - 16 - left) / columns.length;
  const top = titleHeight + 24;
  const titles = columns.map((title, column) => label(title, left + (column + 0.5) * cell, top - 8, cell));
  const cells = rows.flatMap(({ name, klds }, row) => [
    { tag: "text", attributes: { class: "end", x: left - 12, y: top + (row + 0.5) * rowHeight + 4.5 }, text: name },
    ...columns.flatMap((title, column) => {
      const kld = klds.get(title);
      if (kld === undefined) return [];
      const tip = `${name}, ${title}: mean KLD ${kld.toPrecision(3)}`;
      return drawCell(kld, tip, left + column * cell, top + row * rowHeight, cell);
    }),
  ]);
  return drawSvg(
    {
      name,
      title: `Mean KL divergence ${by}, in nats`,
      description: describe(by, rows),
      width,
      height: top + rows.length * rowHeight + 16,
      overlay: [...titles, ...cells],
    },
    { marks: [] },
  );
}

function drawCell(kld: number, tip: string, x: number, y: number, cell: number): SvgNode[] {
  const [least, most] = kldRange;
  const colour = rampColour(Math.min(1, Math.max(0, Math.log(kld / least) / Math.log(most / least))));
  const box = { x: x + 1, y: y + 1, width: cell - 2, height: rowHeight - 2, rx: 3, fill: colour };
  const value = label(kld.toPrecision(3), x + cell / 2, y + rowHeight / 2 + 4.5, cell);
  return [
    { tag: "rect", attributes: box, children: [{ tag: "title", attributes: {}, text: tip }] },
    { tag: "g", attributes: { class: inkOn(colour), "pointer-events": "none" }, children: [value] },
  ];
}

/** A text that is narrower than its column. */
function label(text: string, x: number, y: number, cell: number): SvgNode {
  const fit = textWidth(text) > cell - 6 ? { textLength: cell - 6, lengthAdjust: "spacingAndGlyphs" } : {};
  return { tag: "text", attributes: { "text-anchor": "middle", x, y, ...fit }, text };
}

function describe(by: string, rows: readonly HeatMapRow[]): string {
  const list = rows.map(
    ({ name, klds }) => `${name}: ${[...klds].map(([column, kld]) => `${column} ${kld.toPrecision(3)}`).join(", ")}`,
  );
  return `Mean Kullback-Leibler divergence of each variant ${by}, in nats. ${list.join("; ")}.`;
}
