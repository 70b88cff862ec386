import { knownType } from "../quant/ggml-types.js";
import { nearestPreset, presetByName, presets } from "../quant/presets.js";
import type { DynamicVariant } from "../recipe/settings.js";
import { defaultTypes } from "../stages/allocate/candidates.js";
import type { PlanFacts } from "./facts.js";

/** Names of the presets whose types a dynamic variant may use. */
const family = /^(Q8_0|I?Q[1-6]_(K|XXS|XS|S|M).*)$/;

/**
 * Returns the preset that labels a dynamic variant in its metadata: the preset of its name, else the nearest in size.
 * The solver chooses the types, which override the preset's own mixture tensor by tensor.
 */
export function labelPreset(variant: DynamicVariant, facts: PlanFacts, calibrated: boolean): string {
  const named = presetByName(variant.name);
  if (named !== undefined && usable(calibrated).includes(named)) return named.name;
  return presetOfSize(expectedBits(variant, facts), calibrated);
}

/** Returns the preset nearest in size, among those that need an imatrix only if `calibrated`. */
export function presetOfSize(bitsPerWeight: number, calibrated: boolean): string {
  return nearestPreset(usable(calibrated), bitsPerWeight).name;
}

const usable = (calibrated: boolean) =>
  presets.filter((preset) => family.test(preset.name) && (calibrated || !preset.needsImatrix));

/** Estimates the average bits per weight of a budget, on the high side. */
export function expectedBits({ dynamic: { budget, types } }: DynamicVariant, { model }: PlanFacts): number {
  switch (budget.kind) {
    case "sizeOf":
      return presetByName(budget.preset)?.bitsPerWeight ?? 0;
    case "bitsPerWeight":
      return budget.bitsPerWeight;
    case "bytes":
      return (8 * budget.bytes) / model.parameters;
    case "device": {
      // The memory for caches and buffers is known only after the conversion.
      const { memory, budget: limit } = budget.device;
      const finest = Math.max(...(types ?? defaultTypes).map((type) => knownType(type).bitsPerWeight));
      return Math.min(finest, (8 * memory.cards * (limit.value - budget.reserveBytes)) / model.parameters);
    }
  }
}
