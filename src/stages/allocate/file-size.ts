import { type EncodedHeader, encodeHeader } from "../../gguf/encode-header.js";
import type { Gguf, GgufValue } from "../../gguf/gguf.js";
import type { Imatrix } from "../../gguf/read-imatrix.js";
import { parameterCount } from "../../gguf/summary.js";
import { variantLayout } from "../../gguf/variant-layout.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { presetByName } from "../../quant/presets.js";
import type { Rounding } from "../quantize/quantize.js";

/** Inputs and metadata of a variant. */
export interface VariantSpec {
  base: Gguf;
  imatrix: Imatrix | undefined;
  /** Name of the imatrix in the variant's metadata. */
  imatrixName: string;
  /** The preset whose file type number goes into the metadata. */
  preset: string;
  /** Affects the metadata. */
  rounding: Rounding;
  /** Types of tensors that are not chosen; those of a choice take precedence. */
  fixed?: ReadonlyMap<string, GgmlType>;
}

/** Returns the exact bytes of the file that llama-quantize writes with these types; unlisted tensors keep theirs. */
export function variantFileBytes(spec: VariantSpec, types: ReadonlyMap<string, GgmlType>): number {
  return variantHeader(spec, types).fileBytes;
}

/** Returns the bytes of the largest file whose tensors average this many bits per weight. */
export function fileBytesAt(spec: VariantSpec, bitsPerWeight: number): number {
  const { bytes } = variantHeader(spec, new Map());
  return bytes.length + Math.floor((parameterCount(spec.base) * bitsPerWeight) / 8);
}

/** Returns the encoded header of that file and its metadata. */
export function variantHeader(
  { base, imatrix, imatrixName, preset, rounding, fixed }: VariantSpec,
  types: ReadonlyMap<string, GgmlType>,
): EncodedHeader & { metadata: ReadonlyMap<string, GgufValue> } {
  const { metadata, tensors } = variantLayout({
    base,
    fileType: presetByName(preset)?.fileType ?? 0,
    ...(imatrix === undefined ? {} : { imatrix: { imatrix, fileName: imatrixName } }),
    feedback: rounding === "feedback",
  });
  const typed = tensors.map(({ name, shape, type }) => ({
    name,
    shape,
    type: types.get(name) ?? fixed?.get(name) ?? type,
  }));
  return { metadata, ...encodeHeader({ metadata, tensors: typed }) };
}
