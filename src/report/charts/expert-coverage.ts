import { axisX, axisY, dot, gridY, ruleX, ruleY } from "@observablehq/plot";
import { tensorRole } from "../../quant/tensor-role.js";
import { drawSvg, titleHeight } from "./draw-svg.js";
import { layerTicks } from "./layer-ticks.js";
import { layOutLegend } from "./legend.js";
import { logDomain, logTicks } from "./log-ticks.js";
import { symbolMark } from "./symbols.js";

const width = 600;
const height = 340;
const margin = { left: 64, right: 24, bottom: 52 };

/** Number of calibration tokens routed to each expert of a tensor. */
export interface ExpertTokens {
  /** Tensor name. */
  name: string;
  tokens: readonly number[];
}

interface LayerCoverage {
  layer: number;
  /** Tokens divided by the layer's mean, over experts with at least one token. */
  least: number;
  median: number;
  most: number;
  unseen: number;
}

/**
 * Draws the calibration tokens per expert by layer: median and range over the experts, as multiples of the layer's mean.
 * Undefined for models without experts.
 */
export function expertCoverageChart(tensors: readonly ExpertTokens[]): string | undefined {
  const layers = coverageByLayer(tensors);
  if (layers.length === 0) return undefined;
  const seen = layers.filter(({ most }) => most > 0);
  const lacking = layers.filter(({ unseen }) => unseen > 0);
  const legend = layOutLegend(
    [
      { mark: symbolMark("circle", "preset"), text: "median and range of the layer's experts" },
      ...(lacking.length === 0
        ? []
        : [{ mark: symbolMark("times", "lack"), text: "experts without calibration tokens" }]),
    ],
    margin.left,
    titleHeight,
    width - margin.right,
  );
  const [low, high] = logDomain([1, ...seen.flatMap(({ least, most }) => [least, most])]);
  // Space for the crosses of experts without tokens.
  const domain: [number, number] = [lacking.length === 0 ? low : low / 2, high];
  const crosses = lacking.map(({ layer, unseen }) => ({
    layer,
    at: domain[0] * 1.2,
    title: `layer ${layer}: ${unseen} experts without tokens`,
  }));
  const bars = seen.map((one) => ({ ...one, title: describeLayer(one) }));
  const ticks = logTicks(domain);
  const count = Math.max(...layers.map(({ layer }) => layer)) + 1;
  return drawSvg(
    {
      name: "expert-coverage",
      title: "Calibration tokens per expert, relative to the layer's mean",
      description: `${layers.map(describeLayer).join("; ")}.`,
      width,
      height,
      overlay: legend.nodes,
    },
    {
      x: { type: "linear", domain: [-0.5, count - 0.5] },
      y: { type: "log", domain },
      marginTop: titleHeight + legend.height + 8,
      marginLeft: margin.left,
      marginRight: margin.right,
      marginBottom: margin.bottom,
      marks: [
        gridY({ className: "grid", ticks }),
        axisX(layerTicks(count, width - margin.left - margin.right, 24), {
          label: "layer",
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 36,
          text: String,
        }),
        axisY({
          label: "tokens / mean",
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 48,
          ticks,
          text: String,
        }),
        ruleY([1], { strokeDasharray: "4 3" }),
        ruleX(bars, { x: "layer", y1: "least", y2: "most", className: "preset", strokeWidth: 3 }),
        dot(bars, { x: "layer", y: "median", r: 5, className: "preset", title: "title" }),
        dot(crosses, { x: "layer", y: "at", symbol: "times", r: 5, strokeWidth: 2, className: "lack", title: "title" }),
      ],
    },
  );
}

/** Uses one tensor per layer: gate, up and down receive the same tokens. */
function coverageByLayer(tensors: readonly ExpertTokens[]): LayerCoverage[] {
  const byLayer = new Map<number, LayerCoverage>();
  for (const { name, tokens } of tensors) {
    const { layer } = tensorRole(name);
    if (layer === null || tokens.length < 2 || byLayer.has(layer)) continue;
    const mean = tokens.reduce((sum, count) => sum + count, 0) / tokens.length;
    const shares = tokens.filter((count) => count > 0).map((count) => count / mean);
    shares.sort((a, b) => a - b);
    byLayer.set(layer, {
      layer,
      least: shares[0] ?? 0,
      median: shares[Math.floor(shares.length / 2)] ?? 0,
      most: shares.at(-1) ?? 0,
      unseen: tokens.length - shares.length,
    });
  }
  return [...byLayer.values()].sort((a, b) => a.layer - b.layer);
}

function describeLayer({ layer, least, median, most, unseen }: LayerCoverage): string {
  const [low, middle, high] = [least, median, most].map((share) => share.toPrecision(2));
  return `layer ${layer}: ${low} to ${high}, median ${middle}${unseen === 0 ? "" : `, ${unseen} experts without tokens`}`;
}
