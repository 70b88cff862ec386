import type { GgufValue } from "../../src/gguf/gguf.js";

const strings = (items: readonly string[]): GgufValue => ({ type: "array", itemType: "string", items });
/** Values of `tokenizer.ggml.token_type` for normal, unknown, control and byte tokens. */
const [normal, unknown, control, byte] = [1, 2, 3, 6];

/**
 * Returns the metadata of a synthetic vocabulary of any size: bytes, " the", and nonsense words. `llama` tokenizes by
 * score, `gpt2` by merge rules, about one per token.
 */
export function syntheticVocabulary(kind: "llama" | "gpt2", count: number): ReadonlyMap<string, GgufValue> {
  return new Map(Object.entries(kind === "llama" ? byScore(count) : byMerges(count)));
}

function byScore(count: number): Record<string, GgufValue> {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const fixed = ["<unk>", "<s>", "</s>", ...bytes, ..."▁the", "▁t", "he", "▁the"];
  const tokens = [...fixed, ...words(count - fixed.length)];
  const types = tokens.map((_, i) => (i === 0 ? unknown : i < 3 ? control : i < 259 ? byte : normal));
  return {
    "tokenizer.ggml.model": { type: "string", value: "llama" },
    "tokenizer.ggml.tokens": strings(tokens),
    "tokenizer.ggml.scores": { type: "array", itemType: "float32", items: tokens.map((_, i) => -i) },
    "tokenizer.ggml.token_type": { type: "array", itemType: "int32", items: types.map(Number) },
    "tokenizer.ggml.bos_token_id": { type: "uint32", value: 1 },
    "tokenizer.ggml.eos_token_id": { type: "uint32", value: 2 },
  };
}

/** GPT-2 writes a space as Ġ; every word of two or more letters is merged from its prefix and its last letter. */
function byMerges(count: number): Record<string, GgufValue> {
  const letters = ["Ġ", ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))];
  const tokens = ["<eos>", ...letters, "Ġt", "he", "Ġthe"];
  const merges = ["Ġ t", "h e", "Ġt he"];
  const known = new Set(tokens);
  for (let begin = 1; tokens.length < count; begin++) {
    for (const letter of letters) {
      const word = `${tokens[begin]}${letter}`;
      if (tokens.length === count || known.has(word)) continue;
      known.add(word);
      tokens.push(word);
      merges.push(`${tokens[begin]} ${letter}`);
    }
  }
  return {
    "tokenizer.ggml.model": { type: "string", value: "gpt2" },
    "tokenizer.ggml.pre": { type: "string", value: "gpt-2" },
    "tokenizer.ggml.tokens": strings(tokens),
    "tokenizer.ggml.token_type": {
      type: "array",
      itemType: "int32",
      items: tokens.map((_, i) => Number(i ? normal : control)),
    },
    "tokenizer.ggml.merges": strings(merges),
    "tokenizer.ggml.eos_token_id": { type: "uint32", value: 0 },
  };
}

function words(count: number): string[] {
  return Array.from({ length: Math.max(count, 0) }, (_, i) => `▁w${i.toString(36)}`);
}
