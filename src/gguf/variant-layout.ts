import type { Gguf, GgufTensor, GgufValue } from "./gguf.js";
import type { Imatrix } from "./read-imatrix.js";

/** `GGML_QNT_VERSION` of the pinned ggml. */
const quantizationVersion = 2;
/** llama.cpp passes these texts through fields of 128 bytes with a closing zero. */
const textBytes = 127;

export interface VariantLayoutOptions {
  /** The file all variants are made from. */
  base: Gguf;
  /** `general.file_type`, see `Preset.fileType`. */
  fileType: number;
  /** The imatrix in use and the name to write into the variant. */
  imatrix?: { imatrix: Imatrix; fileName: string };
}

export interface VariantLayout {
  metadata: Map<string, GgufValue>;
  /** Tensors of the base in the order of the variant. */
  tensors: GgufTensor[];
}

/** Metadata and tensor order of a variant exactly as llama-quantize writes them (llama-quant.cpp, quantize.cpp). */
export function variantLayout({ base, fileType, imatrix }: VariantLayoutOptions): VariantLayout {
  const metadata = new Map(base.metadata);
  // gguf.cpp sets a key by removing it and adding it at the end.
  const set = (key: string, value: GgufValue) => {
    metadata.delete(key);
    metadata.set(key, value);
  };
  set("general.quantization_version", { type: "uint32", value: quantizationVersion });
  set("general.file_type", { type: "uint32", value: fileType });
  for (const key of ["split.no", "split.count", "split.tensors.count"]) metadata.delete(key);
  if (imatrix !== undefined) {
    const { datasets, entries, chunks } = imatrix.imatrix;
    set("quantize.imatrix.file", { type: "string", value: cut(imatrix.fileName) });
    if (datasets[0] !== undefined) set("quantize.imatrix.dataset", { type: "string", value: cut(datasets[0]) });
    set("quantize.imatrix.entries_count", { type: "uint32", value: entries.size });
    if (chunks > 0) set("quantize.imatrix.chunks_count", { type: "uint32", value: chunks });
  }
  const tensors = base.tensors.map((tensor) => ({ ...tensor, shape: withoutTrailingOnes(tensor.shape) }));
  return { metadata, tensors: tensors.sort(byLayerAndName) };
}

/** `weight_name_comparer` of llama-model-loader.h: what belongs to no layer first, names by their bytes. */
function byLayerAndName(a: GgufTensor, b: GgufTensor): number {
  return layerOf(a) - layerOf(b) || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function layerOf({ name }: GgufTensor): number {
  return Number(/^blk\.(\d+)/.exec(name)?.[1] ?? -1);
}

/** ggml does not keep trailing dimensions of 1. */
function withoutTrailingOnes(shape: readonly number[]): number[] {
  const last = shape.findLastIndex((size) => size !== 1);
  return shape.slice(0, Math.max(1, last + 1));
}

/** Whole characters, so that the variant stays valid UTF-8. */
function cut(text: string): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > textBytes) break;
    kept += character;
  }
  return kept;
}
