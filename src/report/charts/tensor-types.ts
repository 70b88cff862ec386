import { axisX, axisY, barX, text } from "@observablehq/plot";
import { countTypes, formatBits } from "./count-types.js";
import { drawSvg, titleHeight } from "./draw-svg.js";
import { layerTicks } from "./layer-ticks.js";
import { type LegendItem, layOutLegend } from "./legend.js";
import { bitsColour, inkOn } from "./ramp.js";
import { type GridCell, type TensorGrid, type TypedTensor, tensorGrid } from "./tensor-grid.js";
import { textWidth } from "./text-width.js";

const width = 960;
const right = 16;
const minFontSize = 8;

/**
 * Draws the tensor types of one variant by role (in the order of the forward pass) and layer, coloured by bits per weight.
 * Tensors outside the layers span the whole width: embedding above, output below. Undefined without matrices.
 */
export function tensorTypesChart(variant: string, tensors: readonly TypedTensor[]): string | undefined {
  const grid = tensorGrid(tensors);
  if (grid.cells.length === 0) return undefined;
  const columns = Math.max(1, grid.layers);
  const left = 28 + Math.max(...grid.roles.map((role) => textWidth(role)));
  const legend = layOutLegend(legendItems(grid), left, titleHeight, width - right);
  const top = titleHeight + legend.height + 8;
  const columnWidth = (width - left - right) / columns;
  const names = nameStyle(grid, columnWidth);
  const bars = grid.cells.map((cell) => toBar(cell, columns));
  const ticks = layerTicks(grid.layers, width - left - right, 28).map((layer) => layer + 0.5);
  return drawSvg(
    {
      name: `types-${variant}`,
      title: `${variant}: type of each tensor by layer`,
      description: describe(grid),
      width,
      height: top + grid.roles.length * names.rowHeight + 46,
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
        ...(["light", "dark"] as const).flatMap((ink) => [
          text(
            bars.filter((bar) => bar.ink === ink && bar.layer === null),
            { x: "middle", y: "role", text: "label", fontSize: 12, className: ink },
          ),
          text(
            bars.filter((bar) => bar.ink === ink && bar.layer !== null && names.fontSize > 0),
            { x: "middle", y: "role", text: "label", fontSize: names.fontSize, rotate: names.rotate, className: ink },
          ),
        ]),
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
  layer: number | null;
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
  const title = `${name}: ${type.name}, ${formatBits(type)} bits per weight`;
  return { role, layer, from, to, middle: (from + to) / 2, label: type.name, colour, ink: inkOn(colour), title };
}

interface NameStyle {
  /** 0 if even vertical names would be too small; types are then only in tooltips and legend. */
  fontSize: number;
  rotate: number;
  rowHeight: number;
}

/** Type names are horizontal if all fit their cells, else vertical in higher rows. */
function nameStyle({ cells }: TensorGrid, columnWidth: number): NameStyle {
  const inLayers = cells.filter(({ layer }) => layer !== null);
  const longest = Math.max(1, ...inLayers.map(({ type }) => textWidth(type.name, 1)));
  const lying = Math.floor((columnWidth - 4) / longest);
  if (lying >= minFontSize) return { fontSize: Math.min(12, lying), rotate: 0, rowHeight: 26 };
  const upright = Math.min(10, Math.floor(columnWidth - 1));
  if (upright >= minFontSize) return { fontSize: upright, rotate: -90, rowHeight: Math.ceil(longest * upright + 8) };
  return { fontSize: 0, rotate: 0, rowHeight: 26 };
}

function legendItems(grid: TensorGrid): LegendItem[] {
  return countTypes(grid.cells).map(({ type, count }) => ({
    mark: {
      tag: "rect",
      attributes: { x: -7, y: -7, width: 14, height: 14, rx: 2, fill: bitsColour(type.bitsPerWeight) },
    },
    text: `${type.name} (${formatBits(type)} bits) × ${count}`,
  }));
}

function describe(grid: TensorGrid): string {
  const used = countTypes(grid.cells).map(
    ({ type, count }) => `${count} in ${type.name} with ${formatBits(type)} bits per weight`,
  );
  return `${grid.cells.length} matrices in ${grid.layers} layers: ${used.join(", ")}. Roles: ${grid.roles.join(", ")}.`;
}
