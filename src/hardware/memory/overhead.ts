import type { Gguf } from "../../gguf/gguf.js";
import { tokenCount } from "../../gguf/placeholder-tokens.js";
import type { MemoryConfiguration } from "./memory.js";
import { contextStep } from "./memory-at.js";
import { workBytes } from "./work-buffer.js";

/**
 * The constants below are from `npm run bench -- fit` (llama-completion, Linux x86-64, what is left of its peak when
 * llama.cpp's buffers are taken off), on the high side of what was found. The program, its libraries, threads and the
 * graph of a small model: 12.1 to 13.0 MiB.
 */
const programBytes = 13 * 2 ** 20;
/** Per entry of the vocabulary: text, score and kind, two tables that find it, its copy in the header; found: 168. */
const tokenBytes = 172;
/** Per merge rule of a BPE vocabulary: a tree node with both halves, and the header's copy; found: 130. */
const mergeBytes = 132;
/** Per cell of the cache: position, sequences, and the prompt's token and text; found: 175. */
const cellBytes = 180;
/** Per token of a logical batch (`--batch-size`, 2048): positions, sequences, and where each output goes; found: 570. */
const batchTokenBytes = 590;
const logicalBatch = 2048;

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
      Math.min(cells, logicalBatch) * batchTokenBytes +
      workBytes(gguf, run),
  );
}
