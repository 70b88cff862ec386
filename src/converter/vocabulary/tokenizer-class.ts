import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { unsupportedTokenizer } from "./vocabulary-errors.js";

/** Behaviour of a transformers tokenizer class besides reading tokenizer.json. */
export interface TokenizerClass {
  /** Default tokens by role, for roles missing from tokenizer_config.json. */
  defaults: Readonly<Record<string, string>>;
  /** Whether the class builds its own post-processor from add_bos_token and add_eos_token. */
  replacesPostProcessor: boolean;
}

const end = "<|endoftext|>";
const classes: Readonly<Record<string, TokenizerClass>> = {
  PreTrainedTokenizer: { defaults: {}, replacesPostProcessor: false },
  LlamaTokenizer: { defaults: { unk: "<unk>", bos: "<s>", eos: "</s>" }, replacesPostProcessor: true },
  GemmaTokenizer: { defaults: { unk: "<unk>", bos: "<bos>", eos: "<eos>", pad: "<pad>" }, replacesPostProcessor: true },
  GPT2Tokenizer: { defaults: { unk: end, bos: end, eos: end }, replacesPostProcessor: false },
  Qwen2Tokenizer: { defaults: { unk: end, eos: end, pad: end }, replacesPostProcessor: false },
};

/** transformers' tokenizer class by model type, for models whose files name no class. */
const byModelType: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["llama", "mistral", "mixtral", "phi3"].map((type) => [type, "LlamaTokenizer"])),
  ...Object.fromEntries(["qwen2", "qwen3", "qwen3_moe"].map((type) => [type, "Qwen2Tokenizer"])),
  ...Object.fromEntries(["gemma2", "gemma3", "gemma3_text"].map((type) => [type, "GemmaTokenizer"])),
  smollm3: "PreTrainedTokenizer",
};

/**
 * Returns the class named in tokenizer_config.json, else config.json, else that of the model type. Throws
 * QS-CONVERT-TOKENIZER for an unknown class, and for settings that make transformers rebuild the tokenizer.
 */
export function tokenizerClass(config: JsonObject, model: JsonObject | undefined): TokenizerClass {
  const type = model?.model_type;
  const className =
    config.tokenizer_class ?? model?.tokenizer_class ?? (typeof type === "string" ? byModelType[type] : null);
  const name = typeof className === "string" ? className.replace(/Fast$/, "") : "";
  const found = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (found === undefined)
    throw unsupportedTokenizer(`does not support the tokenizer class ${quote(String(className ?? "none"))}`);
  if (config.from_slow || config.fix_mistral_regex)
    throw unsupportedTokenizer("does not support from_slow or fix_mistral_regex, which rebuild the tokenizer");
  if (name === "LlamaTokenizer" && config.add_prefix_space != null) {
    throw unsupportedTokenizer("does not support add_prefix_space with LlamaTokenizer, which rebuilds the tokenizer");
  }
  return found;
}
