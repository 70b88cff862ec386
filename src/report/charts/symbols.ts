import type { SvgNode } from "./draw-svg.js";

/** The symbols of Plot in use. */
export type ChartSymbol = "circle" | "diamond" | "square" | "times";

/** Draws one of Plot's symbols around 0,0, for a legend. */
export function symbolMark(symbol: ChartSymbol, className: string): SvgNode {
  switch (symbol) {
    case "circle":
      return { tag: "circle", attributes: { class: className, r: 5 } };
    case "diamond":
      return { tag: "path", attributes: { class: className, d: "M0,-7L4.5,0L0,7L-4.5,0Z" } };
    case "square":
      return { tag: "path", attributes: { class: className, d: "M-4.5,-4.5L4.5,-4.5L4.5,4.5L-4.5,4.5Z" } };
    case "times":
      return {
        tag: "path",
        attributes: { class: className, d: "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5", "stroke-width": 2 },
      };
  }
}
