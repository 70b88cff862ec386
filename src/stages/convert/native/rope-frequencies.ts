import type { Json, JsonObject } from "../../../util/canonical-json.js";
import { toFloat } from "./hyperparameters.js";
import { badConfig } from "./refuse.js";

const round = Math.fround;

/**
 * What Llama 3's rope scaling divides each frequency by: 1 for short wavelengths, `factor` for long ones, and something
 * between on the way. Computed in floats of 32 bits, in the order of llama.cpp's converter (`LlamaModel`,
 * `generate_extra_tensors`), so that the bytes are its own for what Meta has published. torch's powers are not always
 * the nearest float: for other bases and head sizes a value may differ in its last places. Throws QS-CONVERT-CONFIG.
 */
export function llamaFrequencies(rope: JsonObject, headDim: number): Float32Array<ArrayBuffer> {
  const base = read(rope, "rope_theta");
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
  if (found <= 0) throw badConfig(`rope_scaling.${name} is ${found}`);
  return found;
}
