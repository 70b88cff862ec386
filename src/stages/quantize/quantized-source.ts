import type { Gguf } from "../../gguf/gguf.js";
import { elementCount } from "../../gguf/summary.js";
import { type GgmlType, ggmlTypeByName } from "../../quant/ggml-types.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { TensorTypes } from "../allocate/tensor-types.js";

/* Bases with tensors that are already quantized, such as gpt-oss, whose experts are MXFP4. */

type Base = Pick<Gguf, "tensors">;

/** Returns the tensors of a base that are in a quantized type, with that type. */
export function quantizedTensors({ tensors }: { tensors: readonly { name: string; type: GgmlType }[] }): TensorTypes {
  return new Map(tensors.filter(({ type }) => type.quantized).map(({ name, type }) => [name, type]));
}

/**
 * Returns a variant's rules with one for each tensor that is already quantized, so that it keeps its type; with
 * `allowRequantize` the rules alone. Throws QS-QUANTIZE-REQUANTIZE for a rule that changes such a type.
 */
export function keepQuantized(rules: TensorTypes, base: Base, allowRequantize: boolean): TensorTypes {
  const kept = quantizedTensors(base);
  if (allowRequantize || kept.size === 0) return rules;
  for (const [name, type] of rules) {
    const own = kept.get(name);
    if (own === undefined || own === type) continue;
    throw new QuantsmithError(
      "QS-QUANTIZE-REQUANTIZE",
      `a rule requires ${type.name} for the tensor ${quote(name)}, which the source already has in ${own.name}`,
      {
        remedy:
          "Remove the rule, so that the tensor is copied, or set `allowRequantize: true` on the variant: it rounds rounded values again.",
      },
    );
  }
  return new Map([...rules, ...kept]);
}

/** Returns those of `types` in which a tensor is smaller than in its own quantized type. */
export function smallerTypes(types: readonly GgmlType[], own: GgmlType): GgmlType[] {
  return types.filter(({ bitsPerWeight }) => bitsPerWeight < own.bitsPerWeight);
}

/** Returns false for presets that store all tensors as floats, to which llama-quantize applies no rules. */
export function isQuantizedPreset(preset: string): boolean {
  return ggmlTypeByName(preset)?.quantized !== false;
}

/**
 * Throws QS-QUANTIZE-LARGER for types that make the quantized tensors of the base larger in total, which cannot make
 * them better.
 */
export function requireSmaller(types: TensorTypes, base: Base, preset: string): void {
  const changed = base.tensors.flatMap(({ name, type, bytes, ...tensor }) => {
    const to = types.get(name) ?? type;
    return type.quantized && to !== type
      ? [{ from: type, to, bytes, after: (elementCount(tensor) * to.bitsPerWeight) / 8 }]
      : [];
  });
  const total = (figure: "bytes" | "after") => changed.reduce((sum, tensor) => sum + tensor[figure], 0);
  const [first] = changed;
  if (first === undefined || total("after") < total("bytes")) return;
  throw larger(
    `${preset} stores ${changed.length} tensors, which the source has in ${first.from.name}, in larger types such as ${first.to.name}: ${formatBytes(total("after"))} instead of ${formatBytes(total("bytes"))}, and not better`,
  );
}

/** Returns QS-QUANTIZE-LARGER. */
export function larger(message: string, at?: SourceLocation): QuantsmithError {
  return new QuantsmithError("QS-QUANTIZE-LARGER", message, {
    remedy:
      "Remove `allowRequantize`, so that these tensors keep their type, and choose a quantized preset such as MXFP4_MOE or Q4_K_M.",
    ...(at && { at }),
  });
}
