import { axisX, axisY, barX, text } from "@observablehq/plot";
import type { GgmlType } from "../../quant/ggml-types.js";
import { drawSvg, titleHeight } from "./draw-svg.js";
import { type LegendItem, layOutLegend } from "./legend.js";
import { bitsColour, inkOn } from "./ramp.js";
import { type GridCell, type TensorGrid, type TypedTensor, tensorGrid } from "./tensor-grid.js";
import { textWidth } from "./text-width.js";

const width = 960;
const rowHeight = 26;
const right = 16;

/** Below this many pixels type names cannot be read, and only the tooltip and the legend tell them. */
const leastFontSize = 8;

/**
 * The types of one variant: roles in the order of the forward pass by layers, coloured by bits per weight. What is
 * outside the layers spans the whole width, the embedding above and the output below. Undefined without matrices.
 */
export function tensorTypesChart(variant: string, tensors: readonly TypedTensor[]): string | undefined {
  const grid = tensorGrid(tensors);
  if (grid.cells.length === 0) return undefined;
  const columns = Math.max(1, grid.layers);
  const left = 28 + Math.max(...grid.roles.map((role) => textWidth(role)));
  const legend = layOutLegend(legendItems(grid), left, titleHeight, width - right);
  const top = titleHeight + legend.height + 8;
  const columnWidth = (width - left - right) / columns;
  const bars = grid.cells.map((cell) => toBar(cell, columns));
  const names = bars.map((bar) => ({ ...bar, ...nameIn(bar, columnWidth) })).filter(({ size }) => size > 0);
  const every = Math.ceil(28 / columnWidth);
  const ticks = [...Array(grid.layers).keys()].filter((layer) => layer % every === 0).map((layer) => layer + 0.5);
  return drawSvg(
    {
      name: `types-${variant}`,
      title: `${variant}: type of each tensor by layer`,
      description: describe(grid),
      width,
      height: top + grid.roles.length * rowHeight + 46,
      overlay: legend.nodes,
    },
    {
      x: { type: "linear", domain: [0, columns] },
      y: { domain: grid.roles, padding: 0 },
      marginTop: top,
      marginLeft: left,
      marginRight: right,
      marginBottom: 46,
      marks: [
        barX(bars, { x1: "from", x2: "to", y: "role", fill: "colour", inset: 0.5, rx: 2, title: "title" }),
        ...(["light", "dark"] as const).map((ink) =>
          text(
            names.filter((name) => name.ink === ink),
            { x: "middle", y: "role", text: "label", fontSize: "size", className: ink, pointerEvents: "none" },
          ),
        ),
        axisY({ label: null, tickSize: 0 }),
        ...(grid.layers === 0
          ? []
          : [
              axisX(ticks, {
                label: "layer",
                labelAnchor: "center",
                labelArrow: "none",
                labelOffset: 34,
                tickSize: 0,
                tickFormat: (at: number) => String(at - 0.5),
              }),
            ]),
      ],
    },
  );
}

interface Bar {
  role: string;
  from: number;
  to: number;
  middle: number;
  label: string;
  colour: string;
  ink: "light" | "dark";
  title: string;
}

function toBar({ name, role, layer, type }: GridCell, columns: number): Bar {
  const [from, to] = layer === null ? [0, columns] : [layer, layer + 1];
  const colour = bitsColour(type.bitsPerWeight);
  const title = `${name}: ${type.name}, ${bits(type)} bits per weight`;
  return { role, from, to, middle: (from + to) / 2, label: type.name, colour, ink: inkOn(colour), title };
}

/** The size at which a name fits into its cell; 0 where it would be too small. */
function nameIn({ label, from, to }: Bar, columnWidth: number): { size: number } {
  const room = (to - from) * columnWidth - 4;
  const fontSize = Math.min(12, Math.floor((room / textWidth(label, 1)) * 2) / 2);
  return { size: fontSize < leastFontSize ? 0 : fontSize };
}

const bits = ({ bitsPerWeight }: GgmlType) => String(Number(bitsPerWeight.toFixed(2)));

function countTypes({ cells }: TensorGrid): { type: GgmlType; count: number }[] {
  const counts = new Map<GgmlType, number>();
  for (const { type } of cells) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts]
    .map(([type, count]) => ({ type, count }))
    .sort((a, b) => a.type.bitsPerWeight - b.type.bitsPerWeight || a.type.id - b.type.id);
}

function legendItems(grid: TensorGrid): LegendItem[] {
  return countTypes(grid).map(({ type, count }) => ({
    mark: {
      tag: "rect",
      attributes: { x: -7, y: -7, width: 14, height: 14, rx: 2, fill: bitsColour(type.bitsPerWeight) },
    },
    text: `${type.name} (${bits(type)} bits) × ${count}`,
  }));
}

function describe(grid: TensorGrid): string {
  const used = countTypes(grid).map(({ type, count }) => `${count} in ${type.name} with ${bits(type)} bits per weight`);
  return `${grid.cells.length} matrices in ${grid.layers} layers: ${used.join(", ")}. Roles: ${grid.roles.join(", ")}.`;
}
