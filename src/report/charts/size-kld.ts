import { axisX, axisY, dot, gridX, gridY, ruleX, scale } from "@observablehq/plot";
import { comparedBase, formatMegabytes } from "../../release/figures.js";
import type { RunReport, VariantReport } from "../../release/release-report.js";
import { drawSvg, type SvgNode, titleHeight } from "./draw-svg.js";
import { type LegendItem, layOutLegend } from "./legend.js";
import { logDomain, logTicks } from "./log-ticks.js";
import { placeLabels } from "./place-labels.js";
import { symbolMark } from "./symbols.js";
import { type VariantKind, variantKind, variantKinds } from "./variant-kind.js";

const width = 600;
const height = 460;
const margin = { left: 72, right: 24, bottom: 52 };

interface Point {
  name: string;
  kind: VariantKind;
  /** In the unit of the axis. */
  size: number;
  kld: number;
  low: number;
  high: number;
  text: string;
}

/**
 * Draws size against mean KL divergence of all measured variants, with error bars of ± one standard error. Undefined
 * without measurements.
 */
export function sizeKldChart(report: Pick<RunReport, "variants" | "base">): string | undefined {
  const unit = report.variants.some(({ bytes }) => bytes >= 1e9)
    ? { name: "GB", bytes: 1e9 }
    : { name: "MB", bytes: 1e6 };
  const points = [
    ...report.variants.flatMap((variant) => toPoint(variant, variantKind(variant), unit.bytes)),
    ...comparatorPoints(report.variants, unit.bytes),
  ];
  if (points.length === 0) return undefined;
  const kinds = variantKinds.filter(({ kind }) => points.some((point) => point.kind === kind));
  const legend = layOutLegend(kinds.map(legendItem), margin.left, titleHeight, width - margin.right);
  const top = titleHeight + legend.height + 12;
  const area = { left: margin.left, right: width - margin.right, top, bottom: height - margin.bottom };
  const x = { type: "linear" as const, domain: sizeDomain(points), range: [area.left, area.right] };
  const yDomain = logDomain(points.flatMap(({ low, high }) => [low, high]));
  const y = { type: "log" as const, domain: yDomain, range: [area.bottom, area.top] };
  const toX = scale({ x }).apply;
  const toY = scale({ y }).apply;
  const labels = placeLabels(
    points.map(({ name, size, kld, low, high }) => ({
      text: name,
      x: toX(size),
      y: toY(kld),
      y1: toY(low),
      y2: toY(high),
    })),
    area,
  );
  const ticks = logTicks(yDomain);
  return drawSvg(
    {
      name: "size-kld",
      title: `Size and mean KL divergence from the ${comparedBase(report)}`,
      description: describe(points, unit.name),
      width,
      height,
      overlay: [...legend.nodes, ...labels.map(labelNode), ...baseNote(report, area)],
    },
    {
      x,
      y,
      marginTop: top,
      marginLeft: margin.left,
      marginRight: margin.right,
      marginBottom: margin.bottom,
      marks: [
        gridX({ className: "grid" }),
        gridY({ className: "grid", ticks }),
        axisX({ label: `size in ${unit.name}`, labelAnchor: "center", labelArrow: "none", labelOffset: 36, ticks: 6 }),
        axisY({
          label: "mean KLD in nats",
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 58,
          ticks,
          text: String,
        }),
        ...kinds.flatMap(({ kind, symbol }) => {
          const some = points.filter((point) => point.kind === kind);
          return [
            ruleX(some, { x: "size", y1: "low", y2: "high", className: kind }),
            dot(some, {
              x: "size",
              y: "kld",
              symbol,
              r: 5,
              className: kind,
              title: "text",
              strokeWidth: 2,
            }),
          ];
        }),
      ],
    },
  );
}

/** The presets that variants are compared with, each once. */
function comparatorPoints(variants: readonly VariantReport[], unitBytes: number): Point[] {
  const byPreset = new Map(variants.flatMap(({ comparator }) => (comparator ? [[comparator.preset, comparator]] : [])));
  return [...byPreset.values()].flatMap(({ preset, ...figures }) =>
    toPoint({ name: `llama.cpp ${preset}`, ...figures }, "comparator", unitBytes),
  );
}

function toPoint(
  { name, bytes, quality }: Pick<VariantReport, "name" | "bytes" | "quality">,
  kind: VariantKind,
  unitBytes: number,
): Point[] {
  if (quality === null || !(quality.kldMean > 0)) return [];
  const { kldMean: kld, kldMeanError: error } = quality;
  // An error bar that reaches zero ends at a tenth of the value.
  const low = Math.max(kld - error, kld / 10);
  const text = `${name}: ${formatMegabytes(bytes)}, mean KLD ${kld.toPrecision(3)} ± ${error.toPrecision(2)}`;
  return [{ name, kind, size: bytes / unitBytes, kld, low, high: kld + error, text }];
}

function sizeDomain(points: readonly Point[]): [number, number] {
  const sizes = points.map(({ size }) => size);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const room = most > least ? (most - least) * 0.08 : most * 0.1;
  return [least - room, most + room];
}

function legendItem({ kind, symbol, text }: (typeof variantKinds)[number]): LegendItem {
  return { mark: symbolMark(symbol, kind), text };
}

function labelNode({ text, x, y }: { text: string; x: number; y: number }): SvgNode {
  return { tag: "text", attributes: { class: "start", x, y: y + 4.5 }, text };
}

/** The base as a note: its KLD of 0 does not fit a logarithmic axis, and its size is far to the right. */
function baseNote({ base }: Pick<RunReport, "base">, area: { right: number; bottom: number }): SvgNode[] {
  if (base === null) return [];
  const kld = base.evaluated === undefined ? ", KLD 0" : "";
  const text = `16-bit base: ${formatMegabytes(base.bytes)}${kld}`;
  return [{ tag: "text", attributes: { class: "note start", x: margin.left, y: area.bottom + 42 }, text }];
}

function describe(points: readonly Point[], unit: string): string {
  const list = points
    .toSorted((a, b) => a.size - b.size)
    .map(({ text, kind }) => (kind === "failed" ? `${text} (gate failed)` : text));
  return `Each variant by size in ${unit} and mean Kullback-Leibler divergence, on a logarithmic axis. ${list.join("; ")}.`;
}
