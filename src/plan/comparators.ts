import { comparatorName } from "../quant/names.js";
import { presetByName } from "../quant/presets.js";
import type { PresetVariant, Settings, Variant } from "../recipe/settings.js";
import type { PlanFacts } from "./facts.js";
import { expectedBits, presetOfSize } from "./label-preset.js";

/**
 * Returns the preset of llama.cpp that a dynamic variant or one with error feedback is compared with: its own preset, that
 * of its budget, or the nearest in size. Undefined for other variants and if nothing is to be compared.
 */
export function comparatorPreset(variant: Variant, settings: Settings, facts: PlanFacts): string | undefined {
  const { stages } = settings;
  const has = (stage: Settings["stages"][number]) => stages.includes(stage);
  if (!settings.comparators || !has("quantize") || !has("validate")) return undefined;
  if (variant.kind === "preset" && variant.rounding === "nearest") return undefined;
  const preset = sizePreset(variant, facts, has("calibrate"));
  return presetByName(preset)?.needsImatrix === true && !has("calibrate") ? undefined : preset;
}

function sizePreset(variant: Variant, facts: PlanFacts, calibrated: boolean): string {
  if (variant.kind === "preset") return variant.preset;
  const { budget } = variant.dynamic;
  return budget.kind === "sizeOf" ? budget.preset : presetOfSize(expectedBits(variant, facts), calibrated);
}

/** A preset that is built only for comparison with these variants. */
export interface ComparatorVariant extends PresetVariant {
  comparatorOf: readonly string[];
}

/**
 * Returns the presets that are built and measured only for comparison, each once, as llama-quantize makes them from the
 * same imatrix. They are not smoke-tested, have no gates and are not released.
 */
export function comparators(settings: Settings, facts: PlanFacts): ComparatorVariant[] {
  const byPreset = new Map<string, ComparatorVariant>();
  for (const variant of settings.variants) {
    const preset = comparatorPreset(variant, settings, facts);
    if (preset === undefined) continue;
    const { path, allowRequantize } = variant;
    const plain = { kind: "preset", preset, path, tensors: {}, rounding: "nearest", allowRequantize } as const;
    const comparatorOf = [...(byPreset.get(preset)?.comparatorOf ?? []), variant.name];
    byPreset.set(preset, { ...plain, name: comparatorName(preset), comparatorOf });
  }
  return [...byPreset.values()];
}
