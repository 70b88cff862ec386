/** Tensors that hold packed weights, by the quantizers' names for them. */
export type PackedKind = "qweight" | "weight_packed" | "mxfp4" | "W_q";

/** Tensors that describe a quantization and are no weights. */
export type AuxiliaryKind =
  | "scale"
  | "weight-scale"
  | "second-scale"
  | "zero"
  | "order"
  | "bitsandbytes"
  | "hqq"
  | "other";

/** Returns the kind of a tensor of packed weights, with the values in one stored number of `bits` each. */
export function packedKind(
  name: string,
  dtype: string,
): { kind: PackedKind; perValue: (bits: number) => number } | undefined {
  const storedBits = dtype === "I32" || dtype === "U32" ? 32 : dtype === "I16" || dtype === "U16" ? 16 : 8;
  // 3 bits do not fill a number: HQQ stores ten values in 32 bits.
  const filled = (bits: number) => Math.max(1, Math.floor(storedBits / bits));
  if (name.endsWith(".qweight")) return { kind: "qweight", perValue: (bits) => storedBits / bits };
  // The bytes of NVFP4 and MXFP4 hold two values each; 8-bit types are not packed.
  if (name.endsWith(".weight_packed"))
    return { kind: "weight_packed", perValue: storedBits === 8 ? () => 2 : (bits) => storedBits / bits };
  if (name.endsWith("_blocks") && dtype === "U8") return { kind: "mxfp4", perValue: () => 2 };
  if (name.endsWith(".W_q")) return { kind: "W_q", perValue: filled };
  return undefined;
}

const endings: readonly (readonly [suffix: string, kind: AuxiliaryKind, of: string])[] = [
  ["_scale_inv", "scale", ""],
  [".weight_scale", "weight-scale", ".weight"],
  [".weight_scale_2", "second-scale", ".weight"],
  [".weight_global_scale", "second-scale", ".weight"],
  [".input_global_scale", "other", ".weight"],
  [".input_scale", "other", ".weight"],
  [".output_scale", "other", ".weight"],
  ["activation_scale", "other", ""],
  [".k_scale", "other", ""],
  [".v_scale", "other", ""],
  [".qzeros", "zero", ".qweight"],
  [".scales", "other", ".qweight"],
  [".g_idx", "order", ".qweight"],
  [".weight_zero_point", "zero", ".weight_packed"],
  [".weight_shape", "other", ".weight_packed"],
  [".weight_g_idx", "order", ".weight_packed"],
  [".absmax", "bitsandbytes", ""],
  [".quant_map", "bitsandbytes", ""],
  [".nested_absmax", "bitsandbytes", ""],
  [".nested_quant_map", "bitsandbytes", ""],
  [".SCB", "other", ".weight"],
  [".weight_format", "other", ".weight"],
];

/** HQQ stores its settings as tensors beside `W_q`. */
const hqq = new Set([
  ...["scale", "zero", "shape", "nbits", "group_size", "axis", "channel_wise", "compute_dtype", "packing"],
  ...["encoded_state_dict", "offload_meta", "optimize", "quant_scale", "quant_zero", "round_zero"],
  ...["stores_quant_config", "unpack_view_dtype", "view_as_float"],
]);

/**
 * Returns the kind of a tensor that describes a quantization, and the name of its matrix; undefined for weights.
 * `dtypeOf` returns the dtype of a tensor in the same file.
 */
export function auxiliaryKind(
  name: string,
  dtypeOf: (name: string) => string | undefined,
): { kind: AuxiliaryKind; of: string } | undefined {
  const state = /^(.*)\.quant_state\.[^.]+$/.exec(name)?.[1];
  if (state !== undefined) return { kind: "bitsandbytes", of: state };
  const found = endings.find(([suffix]) => name.endsWith(suffix));
  if (found !== undefined) return { kind: found[1], of: `${name.slice(0, -found[0].length)}${found[2]}` };
  const [, base = "", last = ""] = /^(.*)\.([^.]+)$/.exec(name) ?? [];
  if (hqq.has(last) && dtypeOf(`${base}.W_q`) !== undefined) return { kind: "hqq", of: `${base}.W_q` };
  if (last === "scale" && /^([UI]8|F8_)/.test(dtypeOf(`${base}.weight`) ?? ""))
    return { kind: "scale", of: `${base}.weight` };
  const blocks = name.replace(/_scales$/, "_blocks");
  if (blocks !== name && dtypeOf(blocks) === "U8") return { kind: "other", of: blocks };
  return undefined;
}
