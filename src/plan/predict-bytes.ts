import { baseLogitsBytes } from "../llamacpp/base-logits.js";
import { knownType } from "../quant/ggml-types.js";
import type { ModelFacts } from "./facts.js";

/** Room for headers, reports and other small files of a step, in bytes. */
const smallBytes = 1 << 20;
/** Assumed vocabulary while only the file list of a checkpoint is known. */
export const largeVocabulary = 262_144;

/** Expected bytes that each stage writes for a model; estimates on the high side. */
export const predictBytes = {
  vocabulary: vocabularyBytes,
  /** A report, and links or own files. Other downloads go into the Hugging Face cache, whose disk is checked separately. */
  snapshot: (copied: readonly { bytes: number }[] = []) => copied.reduce((sum, { bytes }) => sum + bytes, smallBytes),
  /** Every GGUF contains the vocabulary as text; 64 bytes a token is generous. */
  baseGguf: (model: ModelFacts) => baseBytes(model) + vocabularyBytes(model),
  /** The size of a vision tower is unknown; few exceed four gigabytes. */
  projector: (model: ModelFacts) => Math.min(model.parameters * 2, 4e9) + smallBytes,
  /** The layers, and embedding and output matrix with at most 8192 columns, in 8.5 bits per weight. */
  mtp: (model: ModelFacts) =>
    Math.ceil(1.1 * ((model.outline?.mtpParameters ?? 0) + 2 * 8192 * (model.vocabulary ?? largeVocabulary))) +
    vocabularyBytes(model),
  /** Two float32 rows per matrix, a few thousandths of the weights. */
  imatrix: (model: ModelFacts) => Math.ceil(model.parameters * 0.02) + smallBytes,
  /** n² bytes for each input of n columns: 1.0 bytes per weight of an 8B Llama, 1.2 of a 70B. */
  moments: (model: ModelFacts) => Math.ceil(model.parameters * 1.4) + smallBytes,
  variant: (model: ModelFacts, bitsPerWeight: number) =>
    Math.ceil(weightBytes(model, bitsPerWeight)) * 1.1 + vocabularyBytes(model),
  baseLogits: (model: ModelFacts, chunks: number, context: number) =>
    baseLogitsBytes({ vocabulary: model.vocabulary ?? largeVocabulary, chunks, context }) + smallBytes,
  /** An archive contains text compressed to a third or a quarter. */
  texts: (files: readonly { bytes: number; member: string | null }[]) =>
    files.reduce((sum, { bytes, member }) => sum + (member === null ? 0 : bytes * 4), smallBytes),
  report: () => smallBytes,
} as const;

/** Returns the bytes of the base's tensors. */
export function baseBytes({ outline, gguf, parameters, tensorBytes }: ModelFacts): number {
  return outline?.baseBytes ?? (gguf === undefined ? 2 * parameters : tensorBytes);
}

/** Returns the bytes of weights that the base has in a quantized type, which every variant keeps. */
export function keptBytes({ kept }: ModelFacts): number {
  return kept === undefined ? 0 : (kept.parameters * knownType(kept.type).bitsPerWeight) / 8;
}

/** Returns the bytes of all weights, of which those without a quantized type get so many bits each. */
function weightBytes(model: ModelFacts, bitsPerWeight: number): number {
  return ((model.parameters - (model.kept?.parameters ?? 0)) * bitsPerWeight) / 8 + keptBytes(model);
}

function vocabularyBytes(model: ModelFacts): number {
  return (model.vocabulary ?? largeVocabulary) * 64 + smallBytes;
}
