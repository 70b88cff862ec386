import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";
import { type FileKeys, type KeyFacts, type LostKey, unless } from "./key-list.js";
import { addsSpaces, spaceEffect } from "./tokenizer-config-keys.js";

/**
 * Normalizers that llama.cpp has not for a byte-level BPE. NFC is none of them: it changes only texts with decomposed
 * characters, which are rare, and nearly every published model has it.
 */
export const unknownNormalizers = ["NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Strip", "StripAccents"];

/** Pre-tokenizers with which llama.cpp takes whole words from the vocabulary before it merges. */
const ignoringMerges = [
  ...["llama-bpe", "llama-v3", "llama3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
  ...["minicpm5", "youtu", "tekken", "granite-embed-multi-97m"],
];

/** Returns a normalizer, pre-tokenizer or post-processor with all its parts. */
function parts(value: Json | undefined, list: string): JsonObject[] {
  if (!isObject(value)) return [];
  const members = value[list];
  return Array.isArray(members) ? members.filter(isObject).map((part) => part as JsonObject) : [value as JsonObject];
}

const isByteLevel = ({ gguf }: KeyFacts) => metadataString(gguf, "tokenizer.ggml.model") === "gpt2";

const isSentencePiece = ({ gguf }: KeyFacts) => metadataString(gguf, "tokenizer.ggml.model") === "llama";

function isLostNormalizer(value: Json | undefined, facts: KeyFacts): boolean {
  return (
    (isByteLevel(facts) || isSentencePiece(facts)) &&
    parts(value, "normalizers").some(({ type }) => unknownNormalizers.includes(String(type)))
  );
}

/** Whether a text gets more than one token at its beginning or its end. */
function hasLongTemplate(value: Json | undefined): boolean {
  return parts(value, "processors").some(({ type, single }) => {
    if (type !== "TemplateProcessing" || !Array.isArray(single)) return false;
    const text = single.findIndex((item) => isObject(item) && item.Sequence !== undefined);
    return text > 1 || (text !== -1 && single.length - text > 2);
  });
}

const flags = ["lstrip", "rstrip", "single_word"];

/** Whether tokens take neighbouring blanks, or need word boundaries; llama.cpp knows them for Phi 3 and some masks. */
function hasFlags(value: Json | undefined, { gguf }: KeyFacts): boolean {
  const name = (metadataString(gguf, "general.name") ?? "").toLowerCase();
  if (!Array.isArray(value) || /phi-?3/.test(name)) return false;
  return value.some(
    (token) =>
      isObject(token) &&
      !/^(<mask>|\[MASK\])$/.test(String(token.content)) &&
      flags.some((flag) => token[flag] === true),
  );
}

export const tokenizerKeys: FileKeys = {
  file: "tokenizer.json",
  read: [
    ...["model", "model.vocab", "model.merges"],
    ...["model.byte_fallback", "model.continuing_subword_prefix", "model.end_of_word_suffix"],
  ],
  withoutEffect: [
    // Settings of a call; the decoder follows from the kind of the vocabulary.
    ...["version", "truncation", "padding", "decoder"],
    ...["model.unk_token", "model.unk_id", "model.fuse_unk", "model.max_input_chars_per_word"],
  ],
  lost: {
    normalizer: {
      when: `${unknownNormalizers.join(", ")}, for a BPE (NFC changes only decomposed characters, such as e and a combining accent)`,
      effect: "llama.cpp does not normalize the characters of a text, so rare ones become other tokens",
      differs: isLostNormalizer,
    },
    pre_tokenizer: {
      when: 'one with prepend_scheme "first", for a SentencePiece vocabulary whose texts get a space',
      effect: spaceEffect,
      differs: (value, facts) =>
        parts(value, "pretokenizers").some((part) => part.prepend_scheme === "first") &&
        addsSpaces(facts) &&
        facts.tokenizerConfig.legacy !== false,
    },
    post_processor: {
      when: "a template with more than one token before or after a text",
      effect: "llama.cpp adds at most one token at the beginning and one at the end of a text",
      differs: hasLongTemplate,
    },
    added_tokens: {
      when: `tokens with ${flags.join(", ")}, except those of Phi 3 and masks`,
      effect: "llama.cpp keeps the blanks beside these tokens, and finds them inside words",
      differs: hasFlags,
    },
    "model.type": {
      when: '"Unigram", for a file with the vocabulary of a SentencePiece BPE',
      effect: "llama.cpp merges pieces like a BPE, so texts become other tokens",
      differs: (value, facts) => value === "Unigram" && isSentencePiece(facts),
    },
    "model.ignore_merges": {
      when: "true, for a pre-tokenizer without it in llama.cpp",
      effect: "llama.cpp merges words that transformers takes from the vocabulary",
      differs: (value, facts) =>
        value === true &&
        isByteLevel(facts) &&
        !ignoringMerges.includes(metadataString(facts.gguf, "tokenizer.ggml.pre") ?? ""),
    },
    "model.dropout": unless([0], "llama.cpp always applies all merges"),
  },
};

const idKeys: Readonly<Record<string, string>> = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" };

/** transformers reads the file only for a tokenizer_config.json without `added_tokens_decoder`; the converter never. */
function otherRole(role: string): LostKey {
  return {
    when: "another token than the file's, without added_tokens_decoder in tokenizer_config.json",
    effect: "the converter does not read it, and the file has another token",
    differs(value, { gguf, tokenizerConfig }) {
      const text = isObject(value) ? value.content : value;
      if (typeof text !== "string" || tokenizerConfig.added_tokens_decoder !== undefined) return false;
      const id = metadataNumber(gguf, `tokenizer.ggml.${idKeys[role]}_token_id`);
      const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
      return tokens?.type === "array" && tokens.items[id ?? -1] !== text;
    },
  };
}

export const specialTokensMapKeys: FileKeys = {
  file: "special_tokens_map.json",
  read: [],
  withoutEffect: ["additional_special_tokens", "extra_special_tokens"],
  ignored: /_token$/,
  lost: Object.fromEntries(Object.keys(idKeys).map((role) => [`${role}_token`, otherRole(role)])),
};

export const addedTokensKeys: FileKeys = {
  file: "added_tokens.json",
  read: [],
  withoutEffect: [],
  lost: {},
  anyKey: true,
};
