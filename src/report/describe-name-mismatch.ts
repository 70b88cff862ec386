import { presetByName, presets } from "../quant/presets.js";
import type { VariantReport } from "../release/release-report.js";

/**
 * What is to be said of a dynamic variant named after a preset of other bits than it came out with; undefined when the
 * name fits. Both the size and the type of most tensors must say so: embeddings alone raise the size of a small model.
 */
export function describeNameMismatch({ name, allocation, bitsPerWeight, types }: VariantReport): string | undefined {
  if (allocation === undefined || presetByName(name) === undefined) return undefined;
  const named = bitClass(name);
  const nearest = nearestPreset(bitsPerWeight);
  const main = mainType(types);
  if (named === undefined || main === undefined) return undefined;
  if (bitClass(nearest) === named || bitClass(main) === named) return undefined;
  const why = bitsPerWeight > named ? "it had room for more" : "there was no room for more";
  return `${name} is the name for ${named} bits, and the file has ${bitsPerWeight.toFixed(2)} bits per weight, most tensors being ${main}: ${why}. The name ${nearest} would fit.`;
}

/** `5` of `Q5_K_M` and of `IQ5_K`. */
function bitClass(name: string): number | undefined {
  const digit = /^I?Q(\d)/.exec(name)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

/** Of the presets that names are usually taken from. */
function nearestPreset(bitsPerWeight: number): string {
  const usual = presets.filter(({ name }) => /^(Q8_0|I?Q[1-6]_(K|XXS|XS|S|M).*)$/.test(name));
  const distance = (preset: { bitsPerWeight: number }) => Math.abs(preset.bitsPerWeight - bitsPerWeight);
  return usual.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best)).name;
}

/** The quantized type of most tensors; norms and the like stay in full precision and do not count. */
function mainType(types: VariantReport["types"]): string | undefined {
  const quantized = Object.entries(types).filter(([type]) => bitClass(type) !== undefined);
  return quantized.sort(([, a], [, b]) => b - a)[0]?.[0];
}
