import { join } from "node:path";
import type { RoundedTensor } from "../../llamacpp/round.js";
import type { VariantRounding } from "../../release/release-report.js";
import { readReport } from "../step-files.js";

export const roundingFile = "rounding.json";

/** `rounding.json`: the result of error-feedback rounding for each quantized tensor, sorted by name. */
export interface RoundingTable {
  tensors: WeightRounding[];
}

/** How one tensor was rounded. Losses are tr(E H Eᵀ), E being the error of the weight and H the moment of its input. */
export interface WeightRounding {
  name: string;
  type: string;
  /** Null: rounded with feedback. Otherwise the reason why it was rounded to nearest. */
  nearest: null | VariantRounding["nearest"][number]["reason"];
  /** Share of the mean diagonal added to H; null without a usable H. */
  damping: number | null;
  /** Loss with feedback and with rounding to nearest; null without a usable H. */
  losses: { feedback: number; nearest: number } | null;
}

/** Converts a result of llama-round; `result` is undefined for a tensor that was not passed to it. */
export function weightRounding(name: string, type: string, result: RoundedTensor | undefined): WeightRounding {
  const measured = result?.results[0];
  if (result === undefined || result.input === null || measured === undefined)
    return { name, type, nearest: "no-moments", damping: null, losses: null };
  if (result.damping === null) return { name, type, nearest: "singular", damping: null, losses: null };
  const losses = { feedback: measured.loss, nearest: measured.nearest };
  return { name, type, nearest: result.feedback ? null : "no-gain", damping: result.damping, losses };
}

/** Reads the table of a finished variant, by tensor name; empty without one. */
export async function readRoundings(folder: string): Promise<Map<string, WeightRounding>> {
  const table = await readReport<RoundingTable>(join(folder, roundingFile)).catch(() => undefined);
  return new Map(table?.tensors.map((each) => [each.name, each]));
}

/** Summarizes the table of a variant. `elements` is the number of weights of each tensor. */
export function feedbackReport(table: RoundingTable, elements: ReadonlyMap<string, number>): VariantRounding {
  let [total, weighted] = [0, 0];
  const rounded = table.tensors.filter(({ nearest }) => nearest === null);
  for (const { name, losses } of rounded) {
    const size = elements.get(name) ?? 0;
    if (losses === null || losses.nearest === 0) continue;
    total += size;
    weighted += (size * losses.feedback) / losses.nearest;
  }
  return {
    method: "feedback",
    tensors: rounded.length,
    lossRatio: total > 0 ? weighted / total : null,
    nearest: table.tensors.flatMap(({ name, nearest }) => (nearest === null ? [] : [{ name, reason: nearest }])),
  };
}
