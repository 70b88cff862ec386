import type { RunReport } from "../../release/release-report.js";
import { drawSvg, type SvgNode, titleHeight } from "./draw-svg.js";
import { inkOn, rampColour } from "./ramp.js";
import { textWidth } from "./text-width.js";

const width = 600;
const rowHeight = 30;
/** Range of the mean KLD in nats on the colour scale; little loss is dark. Fixed, so that charts are comparable. */
const kldRange = [0.0003, 0.3] as const;

interface Row {
  name: string;
  /** Mean KLD by category. */
  klds: ReadonlyMap<string, number>;
}

/**
 * Draws the mean KL divergence of each variant, and of the preset that it is compared with, on each category of the
 * evaluation as a heat map. Undefined without categories.
 */
export function kldCategoriesChart({ variants }: Pick<RunReport, "variants">): string | undefined {
  const rows = variants.flatMap(({ name, quality, comparator }) => [
    ...rowOf(name, quality?.categories),
    ...(comparator === undefined ? [] : rowOf(`llama.cpp ${comparator.preset}`, comparator.quality.categories)),
  ]);
  const categories = [...new Set(rows.flatMap(({ klds }) => [...klds.keys()]))];
  if (rows.length === 0) return undefined;
  const left = 28 + Math.max(...rows.map(({ name }) => textWidth(name)));
  const cell = (width - 16 - left) / categories.length;
  const top = titleHeight + 24;
  const titles = categories.map((category, column) => label(category, left + (column + 0.5) * cell, top - 8, cell));
  const cells = rows.flatMap(({ name, klds }, row) => [
    { tag: "text", attributes: { class: "end", x: left - 12, y: top + (row + 0.5) * rowHeight + 4.5 }, text: name },
    ...categories.flatMap((category, column) => {
      const kld = klds.get(category);
      return kld === undefined ? [] : drawCell(kld, left + column * cell, top + row * rowHeight, cell);
    }),
  ]);
  return drawSvg(
    {
      name: "kld-categories",
      title: "Mean KL divergence by kind of text, in nats",
      description: describe(rows),
      width,
      height: top + rows.length * rowHeight + 16,
      overlay: [...titles, ...cells],
    },
    { marks: [] },
  );
}

function rowOf(name: string, categories: Readonly<Record<string, { kldMean: number }>> | undefined): Row[] {
  if (categories === undefined) return [];
  return [{ name, klds: new Map(Object.entries(categories).map(([category, { kldMean }]) => [category, kldMean])) }];
}

function drawCell(kld: number, x: number, y: number, cell: number): SvgNode[] {
  const [least, most] = kldRange;
  const colour = rampColour(Math.min(1, Math.max(0, Math.log(kld / least) / Math.log(most / least))));
  const box = { x: x + 1, y: y + 1, width: cell - 2, height: rowHeight - 2, rx: 3, fill: colour };
  const value = label(kld.toPrecision(3), x + cell / 2, y + rowHeight / 2 + 4.5, cell);
  return [
    { tag: "rect", attributes: box },
    { tag: "g", attributes: { class: inkOn(colour) }, children: [value] },
  ];
}

/** A text that is narrower than its column. */
function label(text: string, x: number, y: number, cell: number): SvgNode {
  const fit = textWidth(text) > cell - 6 ? { textLength: cell - 6, lengthAdjust: "spacingAndGlyphs" } : {};
  return { tag: "text", attributes: { "text-anchor": "middle", x, y, ...fit }, text };
}

function describe(rows: readonly Row[]): string {
  const list = rows.map(
    ({ name, klds }) =>
      `${name}: ${[...klds].map(([category, kld]) => `${category} ${kld.toPrecision(3)}`).join(", ")}`,
  );
  return `Mean Kullback-Leibler divergence of each variant by category of the evaluation, in nats. ${list.join("; ")}.`;
}
