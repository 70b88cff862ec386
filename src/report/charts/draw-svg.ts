import { type PlotOptions, plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { chartStyle } from "./chart-style.js";

/** An SVG element in addition to Plot's marks, in pixels of the view box. */
export interface SvgNode {
  tag: string;
  attributes: Readonly<Record<string, string | number>>;
  text?: string;
  children?: readonly SvgNode[];
}

export interface ChartFrame {
  /** Unique among the charts of a page; part of element ids. */
  name: string;
  /** Heading above the chart, and its accessible name. */
  title: string;
  /** Accessible description of the content, one or two sentences. */
  description: string;
  width: number;
  height: number;
  /** Elements drawn over the marks: legend, labels. */
  overlay: readonly SvgNode[];
}

/** Height of the title at the top of every chart, in pixels. */
export const titleHeight = 34;

const svgNamespace = "http://www.w3.org/2000/svg";

/** The used part of linkedom's elements; a Node project does not load the DOM types. */
interface Element {
  readonly attributes: Iterable<{ name: string; value: string }>;
  readonly outerHTML: string;
  textContent: string;
  setAttribute(name: string, value: string): void;
  prepend(...nodes: Element[]): void;
  append(...nodes: Element[]): void;
  querySelectorAll(selector: string): Iterable<Element>;
}
interface Document {
  createElementNS(namespace: string, tag: string): Element;
}

/**
 * Draws a chart as self-contained SVG text with fonts, background and light and dark colours. Coordinates are rounded to
 * hundredths, so that the text is the same on every machine.
 */
export function drawSvg(frame: ChartFrame, options: PlotOptions): string {
  const { width, height } = frame;
  const { document } = parseHTML("<!doctype html><html></html>") as unknown as { document: Document };
  const drawing = plot({ ...options, width, height, className: "qs-chart", document: document as never });
  const svg = drawing as unknown as Element;
  const id = `qs-${frame.name.replace(/[^A-Za-z0-9_-]/g, "-")}`;
  const attributes = { xmlns: svgNamespace, role: "img", "aria-labelledby": `${id}-title ${id}-desc` };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  const make = (node: SvgNode) => element(document, node);
  svg.prepend(
    make({ tag: "title", attributes: { id: `${id}-title` }, text: frame.title }),
    make({ tag: "desc", attributes: { id: `${id}-desc` }, text: frame.description }),
    make({ tag: "style", attributes: {}, text: chartStyle }),
    make({ tag: "rect", attributes: { class: "surface", width, height, rx: 6 } }),
    make({ tag: "text", attributes: { class: "title", x: 16, y: 24 }, text: frame.title }),
  );
  svg.append(...frame.overlay.map(make));
  for (const part of svg.querySelectorAll("*")) roundNumbers(part);
  return `${xmlText(svg.outerHTML)}\n`;
}

function element(document: Document, { tag, attributes, text, children }: SvgNode): Element {
  const made = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  made.append(...(children ?? []).map((child) => element(document, child)));
  return made;
}

const placed = new Set(["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "transform", "d"]);

/** Rounds coordinates: logarithms may differ in the last digit between CPUs. */
function roundNumbers(part: Element): void {
  for (const { name, value } of [...part.attributes]) {
    if (!placed.has(name)) continue;
    part.setAttribute(
      name,
      value.replace(/-?\d+\.\d+(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))),
    );
  }
}

/** Converts linkedom's HTML to XML, which does not allow `&nbsp;` or control characters (possible in a model name). */
function xmlText(html: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are replaced.
  return html.replaceAll("&nbsp;", "&#160;").replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "�");
}
