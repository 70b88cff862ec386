import { presetByName, presets } from "../quant/presets.js";
import type { DynamicVariant } from "../recipe/settings.js";
import type { PlanFacts } from "./facts.js";

/** Presets of the families whose types a dynamic variant is made of, by their names. */
const family = /^(Q8_0|I?Q[1-6]_(K|XXS|XS|S|M).*)$/;

/**
 * The preset a dynamic variant is labelled with in its metadata: the one of its name, else the one nearest in size.
 * Types come from the solver; the preset's own mixture is overruled tensor by tensor.
 */
export function labelPreset({ name, dynamic }: DynamicVariant, { model }: PlanFacts, calibrated: boolean): string {
  const { budget } = dynamic;
  const usable = presets.filter((preset) => family.test(preset.name) && (calibrated || !preset.needsImatrix));
  const named = presetByName(name);
  if (named !== undefined && usable.includes(named)) return named.name;
  const bitsPerWeight =
    budget.kind === "sizeOf"
      ? (presetByName(budget.preset)?.bitsPerWeight ?? 0)
      : budget.kind === "bytes"
        ? (8 * budget.bytes) / model.parameters
        : budget.kind === "bitsPerWeight"
          ? budget.bitsPerWeight
          : 0;
  const distance = (preset: { bitsPerWeight: number }) => Math.abs(preset.bitsPerWeight - bitsPerWeight);
  return usable.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best)).name;
}
