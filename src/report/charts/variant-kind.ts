import type { VariantReport } from "../../release/release-report.js";
import type { ChartSymbol } from "./symbols.js";

export type VariantKind = "preset" | "dynamic" | "comparator" | "failed";

/** Kinds of variants in charts, with a shape each, and a colour from the CSS class of the same name. */
export const variantKinds: readonly { kind: VariantKind; symbol: ChartSymbol; text: string }[] = [
  { kind: "preset", symbol: "circle", text: "preset" },
  { kind: "dynamic", symbol: "diamond", text: "dynamic" },
  { kind: "comparator", symbol: "square", text: "llama.cpp's preset, not released" },
  { kind: "failed", symbol: "times", text: "gate failed, not released" },
];

export function variantKind({ gate, allocation }: VariantReport): VariantKind {
  if (gate === "failed") return "failed";
  return allocation === undefined ? "preset" : "dynamic";
}
