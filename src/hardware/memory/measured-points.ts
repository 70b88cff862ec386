import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { MemoryConfiguration } from "./memory.js";
import { contextStep, type MemorySetting } from "./memory-at.js";

/** Tokens that llama.cpp computes at once (`--ubatch-size`), in all its programs. */
export const batchTokens = 512;
/** Contexts up to here are simulated when the header does not say what the model was trained on. */
const defaultContext = 32_768;
/** Never more than this: llama.cpp really allocates its list of cells, 50 bytes each. Longer ones follow the last line. */
const maxContext = 2 ** 20;

/** A quantized cache of values needs flash attention. */
const settings: readonly MemorySetting[] = [
  { kvType: "f16", flashAttention: true },
  { kvType: "q8_0", flashAttention: true },
  { kvType: "f16", flashAttention: false },
];

/**
 * The configurations to simulate so that `memoryAt` can tell all others: powers of two up to the trained context, the
 * middles between them, the trained context itself, and the place where a sliding window's cache stops growing (window
 * and batch, rounded up: llama-kv-cache-iswa.cpp).
 */
export function measuredPoints(gguf: Gguf): MemoryConfiguration[] {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `${architecture}.${key}`) ?? 0;
  const trained = figure("context_length") || defaultContext;
  const largest = roundUp(Math.min(Math.max(trained, 2 * batchTokens), maxContext));
  const contexts = new Set([largest]);
  for (let context = contextStep; context < largest; context *= 2) {
    contexts.add(context);
    contexts.add(Math.min(roundUp(1.5 * context), largest));
  }
  const window = figure("attention.sliding_window");
  if (window > 0) contexts.add(Math.min(roundUp(window + batchTokens), largest));
  const rising = [...contexts].sort((a, b) => a - b);
  return settings.flatMap((setting) => rising.map((context) => ({ context, ...setting })));
}

const roundUp = (tokens: number) => Math.ceil(tokens / contextStep) * contextStep;
