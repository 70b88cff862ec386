import { presetByName, presets } from "../quant/presets.js";
import type { VariantReport } from "../release/release-report.js";

/**
 * Describes a dynamic variant named after a preset with other bits per weight; undefined if the name fits. Both the size
 * and the most common tensor type must mismatch: embeddings alone increase the size of a small model.
 */
export function describeNameMismatch({ name, allocation, bitsPerWeight, types }: VariantReport): string | undefined {
  if (allocation === undefined || presetByName(name) === undefined) return undefined;
  const named = bitClass(name);
  const nearest = nearestPreset(bitsPerWeight);
  const main = mainType(types);
  if (named === undefined || main === undefined) return undefined;
  if (bitClass(nearest) === named || bitClass(main) === named) return undefined;
  const why = bitsPerWeight > named ? "the size budget allowed more" : "the size budget did not allow more";
  return `The name ${name} suggests ${named} bits per weight, but the file has ${bitsPerWeight.toFixed(2)}, with most tensors in ${main}: ${why}. The closest preset name is ${nearest}.`;
}

/** `5` of `Q5_K_M` and of `IQ5_K`. */
function bitClass(name: string): number | undefined {
  const digit = /^I?Q(\d)/.exec(name)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

/** The preset closest in bits per weight, among those commonly used as names. */
function nearestPreset(bitsPerWeight: number): string {
  const usual = presets.filter(({ name }) => /^(Q8_0|I?Q[1-6]_(K|XXS|XS|S|M).*)$/.test(name));
  const distance = (preset: { bitsPerWeight: number }) => Math.abs(preset.bitsPerWeight - bitsPerWeight);
  return usual.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best)).name;
}

/** The most common quantized type; tensors in full precision, such as norms, do not count. */
function mainType(types: VariantReport["types"]): string | undefined {
  const quantized = Object.entries(types).filter(([type]) => bitClass(type) !== undefined);
  return quantized.sort(([, a], [, b]) => b - a)[0]?.[0];
}
