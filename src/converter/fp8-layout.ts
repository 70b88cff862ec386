import { isObject } from "../checkpoint/parse-python-json.js";
import type { ScaleSuffix } from "../checkpoint/scale-names.js";
import type { Json } from "../util/canonical-json.js";

/** How a checkpoint stores the scales of its FP8 matrices. */
export interface Fp8Layout {
  /** A scale's name after that of its matrix. */
  suffix: ScaleSuffix;
  /** Rows and columns of a block with one scale; null for one scale per tensor or row. */
  block: readonly [rows: number, columns: number] | null;
}

/**
 * Returns the layout that a `quantization_config` declares, as llama.cpp's converter reads it (`dequant_model` in
 * conversion/base.py): of "fp8", or of compressed-tensors' "float-quantized" by channel or block; undefined for others.
 */
export function fp8Layout(declared: Json | undefined): Fp8Layout | undefined {
  if (!isObject(declared)) return undefined;
  if (declared.quant_method === "fp8") return layout("_scale_inv", declared.weight_block_size);
  if (declared.quant_method !== "compressed-tensors" || declared.format !== "float-quantized") return undefined;
  const [group, ...others] = isObject(declared.config_groups) ? Object.values(declared.config_groups) : [];
  const weights = isObject(group) ? group.weights : undefined;
  if (!isObject(weights) || others.length > 0 || (weights.group_size ?? null) !== null) return undefined;
  const isRead = weights.strategy === "channel" || weights.strategy === "block";
  return isRead ? layout("_scale", weights.block_structure) : undefined;
}

function layout(suffix: ScaleSuffix, block: unknown): Fp8Layout | undefined {
  if (block === undefined || block === null) return { suffix, block: null };
  const isSize = (size: unknown): size is number => typeof size === "number" && Number.isInteger(size) && size > 0;
  if (!Array.isArray(block) || block.length !== 2) return undefined;
  const [rows, columns] = block as unknown[];
  return isSize(rows) && isSize(columns) ? { suffix, block: [rows, columns] } : undefined;
}
