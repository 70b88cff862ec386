import { formatBytes } from "../../util/bytes.js";
import type { Warning } from "../../util/warnings.js";
import type { TensorTypes } from "../allocate/tensor-types.js";

/** A variant before or after it is built. */
export interface VariantOutline {
  name: string;
  types: TensorTypes;
  bytes: number;
  /** Nominal bits per weight of its preset; absent for a variant with chosen types. */
  presetBits?: number;
}

/**
 * Returns a warning for each variant with the tensor types of an earlier one, or not smaller than one whose preset has
 * more bits, as where rows do not divide into blocks. Pure.
 */
export function pointlessWarnings(variants: readonly VariantOutline[]): Warning[] {
  return variants.flatMap((variant, index) => {
    const { name, bytes, presetBits } = variant;
    const same = findRepeated(variant, variants.slice(0, index));
    const better = variants.find(
      (other) => (other.presetBits ?? 0) > (presetBits ?? Number.POSITIVE_INFINITY) && other.bytes <= bytes,
    );
    if (same !== undefined) return [repeatedWarning(name, same.name)];
    if (better === undefined) return [];
    const sizes = `${formatBytes(bytes)} against ${formatBytes(better.bytes)}`;
    return [pointless(name, `it is not smaller than ${better.name}, whose preset has more bits per weight: ${sizes}`)];
  });
}

/** Returns the variant of `others` that has the same type for every tensor. */
export function findRepeated<T extends { types: TensorTypes }>({ types }: T, others: readonly T[]): T | undefined {
  return others.find(
    (other) =>
      other.types.size === types.size && [...types].every(([tensor, type]) => other.types.get(tensor) === type),
  );
}

export function repeatedWarning(variant: string, same: string): Warning {
  return pointless(variant, `it has the tensor types of ${same}, so it is not released beside it`);
}

function pointless(variant: string, message: string): Warning {
  return { code: "QW-VARIANT-POINTLESS", message, remedy: "Remove the variant from the recipe.", variant };
}
