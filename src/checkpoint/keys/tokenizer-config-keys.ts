import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { Json } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";
import { type FileKeys, type KeyFacts, unless } from "./key-list.js";

/** Whether llama.cpp puts a space before a text that follows a special token, as transformers' `legacy` does. */
export function addsSpaces({ gguf }: KeyFacts): boolean {
  const prefix = gguf.metadata.get("tokenizer.ggml.add_space_prefix");
  return metadataString(gguf, "tokenizer.ggml.model") === "llama" && !(prefix?.type === "bool" && !prefix.value);
}

export const spaceEffect = "llama.cpp adds a space to a text after a special token, where transformers adds none";

/**
 * Whether each text begins with another token than in the file. The converter finds a token's id by its text in
 * tokenizer.json, and takes that of config.json if there is none.
 */
function isOtherBeginning(value: Json | undefined, { gguf }: KeyFacts): boolean {
  const text = isObject(value) ? value.content : value;
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  if (typeof text !== "string" || tokens?.type !== "array") return false;
  const adds = gguf.metadata.get("tokenizer.ggml.add_bos_token");
  const isLlama = metadataString(gguf, "tokenizer.ggml.model") === "llama";
  // llama.cpp's defaults for a SentencePiece vocabulary.
  if (adds?.type === "bool" ? !adds.value : !isLlama) return false;
  const id = metadataNumber(gguf, "tokenizer.ggml.bos_token_id") ?? (isLlama ? 1 : -1);
  return tokens.items[id] !== text;
}

export const tokenizerConfigKeys: FileKeys = {
  file: "tokenizer_config.json",
  read: [
    ...["tokenizer_class", "add_bos_token", "add_eos_token", "add_sep_token", "added_tokens_decoder", "chat_template"],
    ...["eos", "unk", "sep", "pad", "cls", "mask"].map((role) => `${role}_token`),
    ...["additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens", "add_prefix_space"],
    ...["from_slow", "fix_mistral_regex"],
  ],
  withoutEffect: [
    // Records of the library that wrote the file.
    ...["backend", "is_local", "local_files_only", "name_or_path", "special_tokens_map_file", "tokenizer_file"],
    ...["files_loaded", "init_inputs", "auto_map", "processor_class", "device_map", "use_fast", "trust_remote_code"],
    ...["vocab_file", "merges_file", "spm_file", "tokenizer_type", "verbose", "model_input_names"],
    // Length and padding of batches.
    ...["model_max_length", "max_len", "max_length", "padding_side", "truncation_side", "padding", "truncation"],
    ...["pad_to_multiple_of", "pad_token_type_id", "stride", "truncation_strategy", "return_token_type_ids"],
    // Spaces of decoded text; llama.cpp decodes by the kind of the vocabulary.
    ...["clean_up_tokenization_spaces", "spaces_between_special_tokens", "errors"],
    "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output",
    // Read by transformers' slow tokenizers, or by classes whose tokenizer.json contains the result.
    ...["sp_model_kwargs", "use_default_system_prompt", "do_basic_tokenize", "never_split", "strip_accents"],
    ...["tokenize_chinese_chars", "wordpieces_prefix", "remove_space", "keep_accents", "unk_id", "trim_offsets"],
    // How a chat's answer is parsed.
    ...["response_schema", "response_template", "chat_control_tokens"],
  ],
  // Texts of tokens in roles of one model, such as image_token.
  ignored: /_token(_id)?$/,
  lost: {
    bos_token: {
      when: "another token than the file's, which begins each text",
      effect: "transformers begins each text with it, llama.cpp with the token of config.json's bos_token_id",
      remedy:
        "Set `bos_token_id` in config.json to the token with which the model was trained, or correct `bos_token`.",
      differs: isOtherBeginning,
    },
    legacy: {
      when: "false, for a SentencePiece vocabulary whose texts get a space",
      effect: spaceEffect,
      differs: (value, facts) => value === false && addsSpaces(facts),
    },
    split_special_tokens: unless(
      [false],
      "transformers reads the texts of special tokens as text, llama.cpp reads those of templates as tokens",
    ),
    do_lower_case: {
      when: "true, where the file's tokenizer keeps upper case",
      effect: "transformers converts texts to lower case, llama.cpp does not",
      differs: (value, { gguf }) => value === true && !gguf.metadata.has("tokenizer.ggml.normalizer.lowercase"),
    },
  },
};
