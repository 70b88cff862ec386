import { axisX, axisY, dot, gridX, ruleY } from "@observablehq/plot";
import type { VariantQuality, VariantReport } from "../../release/release-report.js";
import { drawSvg, titleHeight } from "./draw-svg.js";
import { layOutLegend } from "./legend.js";
import { logDomain, logTicks } from "./log-ticks.js";
import { rampColour } from "./ramp.js";
import { textWidth } from "./text-width.js";

const width = 600;
const rowHeight = 30;

/** Percentiles from the median token to the worst; `share` selects the colour. */
const percentiles = [
  { key: "kldMedian", label: "median", share: 0.95 },
  { key: "kld90", label: "90 %", share: 0.75 },
  { key: "kld99", label: "99 %", share: 0.55 },
  { key: "kld999", label: "99.9 %", share: 0.35 },
  { key: "kldMax", label: "maximum", share: 0.1 },
] as const satisfies readonly { key: keyof VariantQuality; label: string; share: number }[];

/** Lower bound of the axis in nats: smaller values are noise of 16-bit logits, and zero does not fit a logarithmic axis. */
const minKld = 1e-6;

/**
 * Draws percentiles of the KL divergence over tokens, one row per measured variant, largest file first.
 * Undefined without measurements.
 */
export function kldPercentilesChart(variants: readonly VariantReport[]): string | undefined {
  const rows = variants.flatMap(({ name, bytes, quality }) => (quality === null ? [] : [{ name, bytes, quality }]));
  if (rows.length === 0) return undefined;
  rows.sort((a, b) => b.bytes - a.bytes);
  const dots = rows.flatMap(({ name, quality }) =>
    percentiles.map(({ key, label, share }) => ({
      name,
      kld: Math.max(quality[key], minKld),
      colour: rampColour(share),
      title: `${name}, ${label}: ${quality[key].toPrecision(3)}`,
    })),
  );
  const spans = rows.map(({ name, quality }) => ({
    name,
    from: Math.max(quality.kldMedian, minKld),
    to: Math.max(quality.kldMax, minKld),
  }));
  const left = 28 + Math.max(...rows.map(({ name }) => textWidth(name)));
  const right = width - 24;
  const items = percentiles.map(({ label, share }) => ({
    mark: { tag: "circle", attributes: { r: 6, fill: rampColour(share), stroke: "currentColor" } },
    text: label,
  }));
  const legend = layOutLegend(items, left, titleHeight, right);
  const top = titleHeight + legend.height + 6;
  const domain = logDomain(dots.map(({ kld }) => kld));
  const ticks = logTicks(domain);
  const names = rows.map(({ name }) => name);
  return drawSvg(
    {
      name: "kld-percentiles",
      title: "KL divergence by token: median to maximum",
      description: describe(rows),
      width,
      height: top + rows.length * rowHeight + 48,
      overlay: legend.nodes,
    },
    {
      x: { type: "log", domain },
      y: { domain: names },
      marginTop: top,
      marginLeft: left,
      marginRight: width - right,
      marginBottom: 48,
      marks: [
        gridX({ className: "grid", ticks }),
        axisX({
          label: "KLD in nats",
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 36,
          ticks,
          text: String,
        }),
        axisY({ label: null, tickSize: 0 }),
        ruleY(spans, { y: "name", x1: "from", x2: "to", strokeWidth: 1.5 }),
        dot(dots, {
          y: "name",
          x: "kld",
          r: 6,
          fill: "colour",
          stroke: "currentColor",
          strokeWidth: 1,
          title: "title",
        }),
      ],
    },
  );
}

function describe(rows: readonly { name: string; quality: VariantQuality }[]): string {
  const list = rows.map(({ name, quality }) => {
    const figures = percentiles.map(({ key, label }) => `${label} ${quality[key].toPrecision(2)}`);
    return `${name}: ${figures.join(", ")}`;
  });
  return `Percentiles of the Kullback-Leibler divergence over the tokens of the evaluation text, in nats. ${list.join("; ")}.`;
}
