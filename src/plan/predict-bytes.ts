import { baseLogitsBytes } from "../llamacpp/base-logits.js";
import type { ModelFacts } from "./facts.js";

/** Room for headers, reports and whatever small a step writes, in bytes. */
const smallBytes = 1 << 20;
/** Vocabulary that is assumed while only the file list of a checkpoint is known. */
const largeVocabulary = 262_144;

/** Bytes that each stage is expected to write for this model. Estimates, on the high side. */
export const predictBytes = {
  /** Links and a report; a download's bytes go into the Hugging Face cache and are looked at there. */
  snapshot: () => smallBytes,
  /** The vocabulary goes into every GGUF as text; 64 bytes a token is generous. */
  baseGguf: (model: ModelFacts) => model.parameters * 2 + vocabularyBytes(model),
  /** Nothing tells the size of a tower; few are larger than four gigabytes. */
  projector: (model: ModelFacts) => Math.min(model.parameters * 2, 4e9) + smallBytes,
  /** Two float32 rows per matrix, a few thousandths of the weights. */
  imatrix: (model: ModelFacts) => Math.ceil(model.parameters * 0.02) + smallBytes,
  variant: (model: ModelFacts, bitsPerWeight: number) =>
    Math.ceil((model.parameters * bitsPerWeight) / 8) * 1.1 + vocabularyBytes(model),
  baseLogits: (model: ModelFacts, chunks: number, context: number) =>
    baseLogitsBytes({ vocabulary: model.vocabulary ?? largeVocabulary, chunks, context }) + smallBytes,
  /** Text shrinks to a third or a quarter in an archive. */
  texts: (files: readonly { bytes: number; member: string | null }[]) =>
    files.reduce((sum, { bytes, member }) => sum + (member === null ? 0 : bytes * 4), smallBytes),
  report: () => smallBytes,
} as const;

function vocabularyBytes(model: ModelFacts): number {
  return (model.vocabulary ?? largeVocabulary) * 64 + smallBytes;
}
