import type { Json, JsonObject } from "../util/canonical-json.js";
import { toFloat } from "./hyperparameters.js";
import { badConfig, nativeUnsupported } from "./native-errors.js";

const round = Math.fround;
/** Meta's values. For this base and all divisors of this head size, torch's powers are the nearest floats. */
const published = { base: 500_000, headDim: 128 };

/**
 * Returns the divisors of Llama 3's rope scaling, one per frequency: 1 for short wavelengths, `factor` for long ones,
 * interpolated between. Computes in 32-bit floats, in the order of llama.cpp's converter (`LlamaModel`,
 * `generate_extra_tensors`). torch's powers are not always the nearest float, so values for other bases and head sizes
 * than Meta's might differ in the last places. Throws QS-CONVERT-NATIVE for those, and QS-CONVERT-CONFIG.
 */
export function llamaFrequencies(rope: JsonObject, headDim: number): Float32Array<ArrayBuffer> {
  const base = read(rope, "rope_theta");
  if (base !== published.base || published.headDim % headDim !== 0) {
    throw nativeUnsupported(`does not support Llama 3's rope scaling with rope_theta ${base} and head_dim ${headDim}`);
  }
  const factor = read(rope, "factor");
  const low = read(rope, "low_freq_factor");
  const high = read(rope, "high_freq_factor");
  const context = read(rope, "original_max_position_embeddings");
  return Float32Array.from({ length: Math.ceil(headDim / 2) }, (_, i) => {
    const frequency = round(1 / round(base ** round((2 * i) / headDim)));
    const wavelength = round(round(1 / frequency) * round(2 * Math.PI));
    if (wavelength < round(context / high)) return 1;
    if (wavelength > round(context / low)) return factor;
    const smooth = round(round(round(round(1 / wavelength) * context) - round(low)) / round(high - low));
    return 1 / round(round(round(1 - smooth) / round(factor)) + smooth);
  });
}

function read(rope: JsonObject, name: string): number {
  const value: Json = rope[name] ?? null;
  const found = toFloat(value, `rope_scaling.${name}`);
  if (found <= 0) throw badConfig(`rope_scaling.${name} is ${found}, not a positive number`);
  return found;
}
