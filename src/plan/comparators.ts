import { comparatorName } from "../quant/names.js";
import { presetByName } from "../quant/presets.js";
import type { PresetVariant, Settings, Variant } from "../recipe/settings.js";
import type { PlanFacts } from "./facts.js";
import { expectedBits, nearestPreset } from "./label-preset.js";

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
  return budget.kind === "sizeOf" ? budget.preset : nearestPreset(expectedBits(variant, facts), calibrated);
}

/**
 * Returns the presets that are built and measured only for comparison, each once, as llama-quantize makes them from the
 * same imatrix. They are not smoke-tested, have no gates and are not released.
 */
export function comparators(settings: Settings, facts: PlanFacts): PresetVariant[] {
  const byPreset = new Map<string, PresetVariant>();
  for (const variant of settings.variants) {
    const preset = comparatorPreset(variant, settings, facts);
    if (preset === undefined || byPreset.has(preset)) continue;
    const { path, allowRequantize } = variant;
    const name = comparatorName(preset);
    byPreset.set(preset, { kind: "preset", name, preset, path, tensors: {}, rounding: "nearest", allowRequantize });
  }
  return [...byPreset.values()];
}
