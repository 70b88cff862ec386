import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { MemoryConfiguration } from "./memory.js";
import { contextStep, type MemorySetting } from "./memory-at.js";

/** Tokens per batch (`--ubatch-size`), the default of all programs of llama.cpp. */
export const batchTokens = 512;
/** Largest simulated context if the header has no trained context. */
const defaultContext = 32_768;
/** Cap, because llama.cpp really allocates 50 bytes per cell. Longer contexts are extrapolated. */
const maxContext = 2 ** 20;

/** q8_0 only with flash attention, which a quantized V cache requires. */
const settings: readonly MemorySetting[] = [
  { kvType: "f16", flashAttention: true },
  { kvType: "q8_0", flashAttention: true },
  { kvType: "f16", flashAttention: false },
];

/**
 * Returns the configurations to simulate, between which `memoryAt` interpolates: powers of two up to the trained context,
 * their midpoints, the trained context, and the context at which the cache of a sliding window stops growing (window plus
 * batch, rounded up: llama-kv-cache-iswa.cpp).
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
