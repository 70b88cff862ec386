import type { Gguf } from "../../gguf/gguf.js";
import { tokenCount } from "../../gguf/placeholder-tokens.js";
import type { MemoryConfiguration } from "./memory.js";
import { contextStep } from "./memory-at.js";
import { workBytes } from "./work-buffer.js";

/**
 * The constants below are from `npm run bench -- fit` (llama-completion on Linux x86-64, peak memory minus llama.cpp's
 * buffers), rounded up. Program, libraries, threads and the graph of a small model: 12.1 to 13.0 MiB.
 */
const programBytes = 13 * 2 ** 20;
/** Per vocabulary entry: text, score and kind, two lookup tables, the copy in the header; measured: 168. */
const tokenBytes = 172;
/** Per merge of a BPE vocabulary: a tree node with both halves, the copy in the header; measured: 130. */
const mergeBytes = 132;
/** Per cell of the cache: position, sequences, the prompt's token and text; measured: 175. */
const cellBytes = 180;
/** Per token of a logical batch (`--batch-size`, 2048): positions, sequences, output indices; measured: 570. */
const batchTokenBytes = 590;
const logicalBatch = 2048;

/**
 * Returns the memory of a process on the CPU besides llama.cpp's buffers, in bytes: the sum of the parts above and the CPU
 * backend's work buffer.
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
