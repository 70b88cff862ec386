import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber } from "../../gguf/metadata.js";
import type { Json } from "../../util/canonical-json.js";

/** Keys of `general.sampling.*` and Ollama's names. */
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

/** Returns the recommended sampling parameters from GGUF metadata, under Ollama's names; empty without any. */
export function ollamaParams(gguf: Gguf): Record<string, Json> {
  return Object.fromEntries(
    parameters.flatMap(([key, name]) => {
      const value = metadataNumber(gguf, `general.sampling.${key}`);
      // GGUF stores 32-bit floats: 0.6 reads as 0.6000000238.
      return value === undefined || !Number.isFinite(value) ? [] : [[name, Number(value.toPrecision(6))] as const];
    }),
  );
}
