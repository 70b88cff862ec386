import type { SvgNode } from "./draw-svg.js";
import { textWidth } from "./text-width.js";

export interface LegendItem {
  /** Drawn around 0,0, within 7 pixels to each side. */
  mark: SvgNode;
  text: string;
}

export interface Legend {
  nodes: SvgNode[];
  height: number;
}

const rowHeight = 22;

/** Places items side by side from `left`, in rows below `top`. */
export function layOutLegend(items: readonly LegendItem[], left: number, top: number, right: number): Legend {
  const nodes: SvgNode[] = [];
  let x = left;
  let row = 0;
  for (const { mark, text } of items) {
    const width = 32 + textWidth(text);
    if (x > left && x + width > right) {
      x = left;
      row += 1;
    }
    const place = `translate(${x + 7},${top + row * rowHeight + rowHeight / 2})`;
    const label: SvgNode = { tag: "text", attributes: { class: "start", x: 13, y: "0.35em" }, text };
    nodes.push({ tag: "g", attributes: { transform: place }, children: [mark, label] });
    x += width;
  }
  return { nodes, height: items.length === 0 ? 0 : (row + 1) * rowHeight };
}
