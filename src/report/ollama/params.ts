import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber } from "../../gguf/metadata.js";
import type { Json } from "../../util/canonical-json.js";

/** `general.sampling.*` and what Ollama calls it. */
const parameters: readonly (readonly [key: string, ollama: string])[] = [
  ["temp", "temperature"],
  ["top_k", "top_k"],
  ["top_p", "top_p"],
  ["min_p", "min_p"],
  ["penalty_repeat", "repeat_penalty"],
  ["penalty_last_n", "repeat_last_n"],
  ["mirostat", "mirostat"],
  ["mirostat_tau", "mirostat_tau"],
  ["mirostat_eta", "mirostat_eta"],
];

/** The sampling that a model's makers recommend, by Ollama's names; empty when they recommend none. */
export function ollamaParams(gguf: Gguf): Record<string, Json> {
  return Object.fromEntries(
    parameters.flatMap(([key, name]) => {
      const value = metadataNumber(gguf, `general.sampling.${key}`);
      // Files hold 32-bit floats: 0.6 reads as 0.6000000238.
      return value === undefined ? [] : [[name, Number(value.toPrecision(6))] as const];
    }),
  );
}
