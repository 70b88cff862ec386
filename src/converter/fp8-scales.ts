import { scaledTensor } from "../checkpoint/scale-names.js";
import { quote } from "../util/quote.js";
import type { Fp8Layout } from "./fp8-layout.js";
import { nativeUnsupported } from "./native-errors.js";
import type { CheckpointTensor, Fp8Scales } from "./read-checkpoint.js";

/**
 * Returns the tensors without scales, each FP8 matrix with its own; scales of activations are dropped. Throws
 * QS-CONVERT-NATIVE for scales of other tensors or shapes.
 */
export function withScales(tensors: readonly CheckpointTensor[], layout: Fp8Layout | undefined): CheckpointTensor[] {
  if (layout === undefined) return [...tensors];
  const scales = new Map(
    tensors.flatMap((tensor) => {
      const scaled = scaledTensor(tensor.name, layout.suffix);
      return scaled === undefined ? [] : [[scaled, tensor] as const];
    }),
  );
  const plain = tensors.filter(({ name }) => !isScaleName(name, layout));
  const names = new Set(plain.map(({ name }) => name));
  const lonely = [...scales.keys()].find((name) => !names.has(name));
  if (lonely !== undefined) throw nativeUnsupported(`does not support scales of ${quote(lonely)}, which is missing`);
  return plain.map((tensor) => {
    const scale = scales.get(tensor.name);
    return scale === undefined ? tensor : { ...tensor, scales: scalesOf(tensor, scale, layout) };
  });
}

/** Returns true for the scales of a matrix, and for those of activations, which llama.cpp's converter knows only for "fp8". */
export function isScaleName(name: string, { suffix }: Fp8Layout): boolean {
  return scaledTensor(name, suffix) !== undefined || (suffix === "_scale_inv" && name.endsWith(".activation_scale"));
}

function scalesOf({ name, dtype, shape }: CheckpointTensor, tensor: CheckpointTensor, { block }: Fp8Layout): Fp8Scales {
  const [rows = 0, columns = 0] = shape;
  const size = tensor.shape.join(" × ");
  const unsupported = nativeUnsupported(`does not support scales of the shape [${size}] for ${quote(name)}`);
  if (dtype !== "F8_E4M3" || shape.length !== 2) throw unsupported;
  if (block !== null) {
    const [high, wide] = block;
    if (size !== `${Math.ceil(rows / high)} × ${Math.ceil(columns / wide)}`) throw unsupported;
    return { tensor, rows: high, columns: wide };
  }
  if (tensor.elements === 1 && tensor.shape.length <= 2) return { tensor, rows, columns };
  if (size !== `${rows}` && size !== `${rows} × 1`) throw unsupported;
  return { tensor, rows: 1, columns };
}
