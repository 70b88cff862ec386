import type { VariantReport } from "../../release/release-report.js";
import type { ChartSymbol } from "./symbols.js";

export type VariantKind = "preset" | "dynamic" | "failed";

/** How charts tell variants apart: by shape, and by colour through the class of the same name. */
export const variantKinds: readonly { kind: VariantKind; symbol: ChartSymbol; text: string }[] = [
  { kind: "preset", symbol: "circle", text: "preset" },
  { kind: "dynamic", symbol: "diamond", text: "dynamic" },
  { kind: "failed", symbol: "times", text: "failed its gate, not released" },
];

export function variantKind({ gate, allocation }: VariantReport): VariantKind {
  if (gate === "failed") return "failed";
  return allocation === undefined ? "preset" : "dynamic";
}
