/** How a method of quantization ends the names of its scales. */
export type ScaleSuffix = "_scale_inv" | "_scale";

/** Returns the tensor that a scale is for, by the names that llama.cpp's converter reads; undefined for other tensors. */
export function scaledTensor(name: string, suffix: ScaleSuffix): string | undefined {
  if (suffix === "_scale") return name.endsWith(".weight_scale") ? name.slice(0, -suffix.length) : undefined;
  // Mistral's own format.
  if (name.endsWith(".qscale_weight")) return name.replace(/qscale_weight$/, "weight");
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}
