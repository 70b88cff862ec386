import { nameMismatch } from "../quant/name-mismatch.js";
import { presetByName } from "../quant/presets.js";
import type { VariantReport } from "../release/release-report.js";

/** Describes a dynamic variant named after a preset with other bits per weight; undefined if the name fits. */
export function describeNameMismatch({ name, allocation, bitsPerWeight, types }: VariantReport): string | undefined {
  if (allocation === undefined || presetByName(name) === undefined) return undefined;
  const mismatch = nameMismatch(name, bitsPerWeight, types);
  if (mismatch === undefined) return undefined;
  const { named, main, nearest } = mismatch;
  const why = bitsPerWeight > named ? "the size budget allowed more" : "the size budget did not allow more";
  return `The name ${name} suggests ${named} bits per weight, but the file has ${bitsPerWeight.toFixed(2)}, with most tensors in ${main}: ${why}. The closest preset name is ${nearest}.`;
}
