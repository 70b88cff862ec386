import type { Gguf } from "../gguf/gguf.js";
import { tokenCount } from "../gguf/without-vocabulary.js";
import type { MemoryConfiguration } from "./memory.js";
import { contextStep } from "./memory-at.js";
import { workBytes } from "./work-buffer.js";

/**
 * What `npm run bench -- fit` derives from measured processes (llama-completion, Linux x86-64), rounded up.
 * The program, its libraries, threads, and what a small graph takes.
 */
const programBytes = 14.2 * 2 ** 20;
/** Per entry of the vocabulary: its text, score and kind, the two tables that find it, the header's own copy, samplers. */
const tokenBytes = 320;
/** Per merge rule of a BPE vocabulary: a tree node with both halves, and the header's own copy. */
const mergeBytes = 240;
/** Per cell of the cache: position, sequences, and the prompt's token and text. */
const cellBytes = 128;

/**
 * What a process that runs this model on the processor takes beside llama.cpp's buffers, in bytes: a sum of the parts
 * above and the processor's work buffer.
 */
export function overheadBytes(gguf: Gguf, run: MemoryConfiguration): number {
  const merges = gguf.metadata.get("tokenizer.ggml.merges");
  const cells = Math.ceil(run.context / contextStep) * contextStep;
  return Math.ceil(
    programBytes +
      tokenCount(gguf) * tokenBytes +
      (merges?.type === "array" ? merges.items.length : 0) * mergeBytes +
      cells * cellBytes +
      workBytes(gguf, run),
  );
}
