import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { findBadValue } from "../../checkpoint/check-weights.js";
import { isWeightFile } from "../../checkpoint/file-selection.js";
import { readSafetensorsHeader, type SafetensorsTensor } from "../../checkpoint/safetensors.js";
import type { Gguf } from "../../gguf/gguf.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/**
 * Requires finite values in the GGUF file of a checkpoint, which is read only if the conversion can make values infinite.
 * Errors: QS-CONVERT-OVERFLOW, QS-FETCH-SAFETENSORS.
 */
export async function requireFiniteModel(
  snapshot: string,
  gguf: Gguf,
  options: { signal: AbortSignal },
): Promise<void> {
  const types = new Set(gguf.tensors.map(({ type }) => type.name));
  for (const name of (await readdir(snapshot)).filter(isWeightFile)) {
    const isPickle = !name.endsWith(".safetensors");
    if (!isPickle && !canOverflow((await readSafetensorsHeader(join(snapshot, name))).tensors, types)) continue;
    return requireFinite(gguf, "Set `outtype` in the recipe's `convert` to `bf16`, which has a larger range.", options);
  }
}

/**
 * Requires finite values in a converted file, whose weights were checked before: one beyond the range of its new type became
 * infinite, silently. `widen` tells the user how to convert to a type with a larger range. Errors: QS-CONVERT-OVERFLOW.
 */
export async function requireFinite(
  { path, tensors }: Pick<Gguf, "path" | "tensors">,
  widen: string,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const stored = tensors.map(({ type, ...tensor }) => ({ ...tensor, dtype: type.name }));
  const found = await findBadValue(path, stored, "full", { signal });
  if (found === undefined) return;
  const { index, tensor } = found;
  const message = `the value at index ${index} of ${quote(tensor.name)} is not finite in ${tensor.dtype}`;
  throw new QuantsmithError("QS-CONVERT-OVERFLOW", message, {
    remedy:
      tensor.dtype === "F16" || tensor.dtype === "Q8_0"
        ? widen
        : "Download the weights again: they, or the scales beside them, are damaged.",
  });
}

/**
 * Whether a conversion to these types can make finite weights infinite. Those of one dimension become F32. Pure.
 */
function canOverflow(
  source: readonly Pick<SafetensorsTensor, "dtype" | "shape">[],
  types: ReadonlySet<string>,
): boolean {
  return source.some(({ dtype, shape }) => {
    if (dtype === "F16" || dtype === "BOOL") return false;
    if (dtype === "BF16") return types.has("F16");
    return dtype !== "F32" || (shape.length > 1 && (types.has("F16") || types.has("BF16")));
  });
}
