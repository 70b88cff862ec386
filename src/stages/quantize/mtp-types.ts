import type { Gguf } from "../../gguf/gguf.js";
import { mtpMatrices } from "../../gguf/mtp-tensors.js";
import type { Imatrix } from "../../gguf/read-imatrix.js";
import type { QuantizedTensor } from "../../llamacpp/quantize-report.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import type { Warning } from "../../util/warnings.js";
import type { TensorTypes } from "../allocate/tensor-types.js";

/** The type of matrices for multi-token prediction about which nothing was measured: nearly lossless, without imatrix. */
export const mtpType: GgmlType = knownType("Q8_0");

/** Returns `mtpType` for those of the named tensors whose rows divide into its blocks. */
export function mtpTypes({ tensors }: Pick<Gguf, "tensors">, names: readonly string[]): TensorTypes {
  const rows = new Map(tensors.map(({ name, shape }) => [name, shape[0] ?? 1]));
  return new Map(names.flatMap((name) => ((rows.get(name) ?? 1) % mtpType.blockSize === 0 ? [[name, mtpType]] : [])));
}

/** Returns the matrices for multi-token prediction whose planned type needs an imatrix that does not cover them. */
export function uncalibrated(
  base: Pick<Gguf, "metadata" | "tensors">,
  planned: readonly Pick<QuantizedTensor, "name" | "toType">[],
  imatrix: Imatrix | undefined,
  preset: string,
): string[] {
  const types = new Map(planned.map(({ name, toType }) => [name, knownType(toType)]));
  return mtpMatrices(base).filter((name) => {
    const type = types.get(name);
    return type !== undefined && needsImatrix(type, preset) && imatrix?.entries.has(name) !== true;
  });
}

/** Whether llama-quantize refuses to write a matrix of a layer in this type without an imatrix. */
export function needsImatrix(type: GgmlType, preset: string): boolean {
  return type.needsImatrix === true || (preset === "Q2_K_S" && type.name === "Q2_K");
}

/** Reports matrices with `mtpType` instead of a type that the preset or the solver would have chosen. */
export function mtpWarnings(names: readonly string[]): Warning[] {
  if (names.length === 0) return [];
  return [
    {
      code: "QW-QUANTIZE-MTP",
      message: `${names.length} tensors of the layers for multi-token prediction are ${mtpType.name}, since llama.cpp computes no imatrix for them`,
      remedy:
        "Set `convert: { mtp: separate }` or `mtp: drop` for smaller files, or a type with a rule under the variant's `tensors`.",
    },
  ];
}
