import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readGguf } from "../../../src/gguf/read-header.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain.js";

const split = (Regex: string) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const byteLevel = (use_regex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
});
const startWith = (id: string) => ({
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
});
const words =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|DIGITS| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** What a vocabulary file does not tell: how the family's tokenizer.json splits text, and what it begins with. */
const families = {
  "llama-bpe": {
    normalizer: null,
    splits: [split(words.replace("DIGITS", "\\p{N}{1,3}")), byteLevel(false)],
    first: "<|begin_of_text|>",
    ignore_merges: true,
  },
  qwen2: {
    normalizer: { type: "NFC" },
    splits: [split(words.replace("DIGITS", "\\p{N}")), byteLevel(false)],
  },
  "deepseek-coder": {
    normalizer: { type: "Sequence", normalizers: [] },
    splits: [
      split("[\\r\\n]"),
      split("\\s?\\p{L}+"),
      split("\\s?\\p{P}+"),
      split("[一-龥ࠀ-一가-퟿]+"),
      { type: "Digits", individual_digits: true },
      byteLevel(false),
    ],
    first: "<｜begin▁of▁sentence｜>",
  },
  starcoder: {
    normalizer: null,
    splits: [{ type: "Digits", individual_digits: true }, byteLevel(true)],
  },
};

/** Types of tokens in a GGUF that tokenizer.json lists as added. */
const control = 3;
const userDefined = 4;

/** Rebuilds a family's tokenizer.json from the vocabulary that llama.cpp's source carries for its own tests. */
export async function writeBpeTokenizer(folder: string, name: keyof typeof families): Promise<void> {
  const family: { normalizer: unknown; splits: unknown[]; first?: string; ignore_merges?: boolean } = families[name];
  const converter = (await resolveToolchain()).scripts?.converter;
  if (converter === undefined) throw new Error("the llama.cpp in use has no source");
  const { metadata } = await readGguf(join(dirname(converter), "models", `ggml-vocab-${name}.gguf`));
  const list = (key: string) => {
    const value = metadata.get(`tokenizer.ggml.${key}`);
    if (value?.type !== "array") throw new Error(`${name} has no ${key}`);
    return value.items;
  };
  const tokens = list("tokens").map(String);
  const types = list("token_type").map(Number);
  const isAdded = (id: number) => types[id] === control || types[id] === userDefined;
  const added = tokens.flatMap((content, id) =>
    isAdded(id)
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: types[id] === control,
          },
        ]
      : [],
  );
  const vocab = Object.fromEntries(tokens.flatMap((token, id) => (isAdded(id) ? [] : [[token, id]])));
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: family.normalizer,
    pre_tokenizer: { type: "Sequence", pretokenizers: family.splits },
    post_processor:
      family.first === undefined
        ? null
        : { ...startWith(family.first), special_tokens: firstToken(family.first, tokens) },
    decoder: { ...byteLevel(true), add_prefix_space: true },
    model: {
      type: "BPE",
      ...{ dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false, ignore_merges: family.ignore_merges ?? false },
      vocab,
      merges: list("merges").map(String),
    },
  };
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(json));
}

function firstToken(content: string, tokens: readonly string[]): object {
  return { [content]: { id: content, ids: [tokens.indexOf(content)], tokens: [content] } };
}
