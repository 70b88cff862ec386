import type { Gguf, GgufTensor, GgufValue } from "./gguf.js";
import type { Imatrix } from "./read-imatrix.js";

/** `GGML_QNT_VERSION` of the pinned ggml. */
const quantizationVersion = 2;
/** llama.cpp stores these texts in fields of 128 bytes with a terminating zero. */
const textBytes = 127;

export interface VariantLayoutOptions {
  /** The input file of all variants. */
  base: Gguf;
  /** `general.file_type`, see `Preset.fileType`. */
  fileType: number;
  /** The imatrix and its file name for the variant's metadata. */
  imatrix?: { imatrix: Imatrix; fileName: string };
  /** Whether tensors are rounded with error feedback, which the metadata states. */
  feedback: boolean;
}

/** Metadata key of the rounding method; llama.cpp ignores it. */
export const roundingKey = "quantsmith.rounding";
const feedbackText = "error-feedback rounding (GPTQ family)";

export interface VariantLayout {
  metadata: Map<string, GgufValue>;
  /** Tensors of the base, in the order of the variant. */
  tensors: GgufTensor[];
}

/** Returns the metadata and tensor order of a variant, identical to llama-quantize (llama-quant.cpp, quantize.cpp). */
export function variantLayout({ base, fileType, imatrix, feedback }: VariantLayoutOptions): VariantLayout {
  const metadata = new Map(base.metadata);
  // gguf.cpp sets a key by removing it and appending it.
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
  if (feedback) set(roundingKey, { type: "string", value: feedbackText });
  const tensors = base.tensors.map((tensor) => ({ ...tensor, shape: withoutTrailingOnes(tensor.shape) }));
  return { metadata, tensors: tensors.sort(byLayerAndName) };
}

/** `weight_name_comparer` of llama-model-loader.h: tensors outside the layers first; names compared by bytes. */
function byLayerAndName(a: GgufTensor, b: GgufTensor): number {
  return layerOf(a) - layerOf(b) || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function layerOf({ name }: GgufTensor): number {
  return Number(/^blk\.(\d+)/.exec(name)?.[1] ?? -1);
}

/** ggml drops trailing dimensions of 1. */
function withoutTrailingOnes(shape: readonly number[]): number[] {
  const last = shape.findLastIndex((size) => size !== 1);
  return shape.slice(0, Math.max(1, last + 1));
}

/** Truncates to whole characters, so that the variant stays valid UTF-8. */
function cut(text: string): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > textBytes) break;
    kept += character;
  }
  return kept;
}
