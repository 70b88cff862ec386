import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { unsupportedTokenizer } from "./vocabulary-errors.js";

/** What a tokenizer class of transformers does besides reading tokenizer.json. */
export interface TokenizerClass {
  /** Tokens in roles where tokenizer_config.json does not tell them. */
  defaults: Readonly<Record<string, string>>;
  /** Whether it puts its own post-processor in place, from add_bos_token and add_eos_token. */
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

/** The class that transformers takes for a type of model when no file names one. */
const byModelType: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["llama", "mistral", "mixtral", "phi3"].map((type) => [type, "LlamaTokenizer"])),
  ...Object.fromEntries(["qwen2", "qwen3", "qwen3_moe"].map((type) => [type, "Qwen2Tokenizer"])),
  ...Object.fromEntries(["gemma2", "gemma3", "gemma3_text"].map((type) => [type, "GemmaTokenizer"])),
  smollm3: "PreTrainedTokenizer",
};

/**
 * The class by tokenizer_config.json, else config.json, else the type of model. A class whose code may do anything to a
 * tokenizer throws QS-CONVERT-TOKENIZER, as do settings that have transformers make the tokenizer anew.
 */
export function tokenizerClass(config: JsonObject, model: JsonObject | undefined): TokenizerClass {
  const type = model?.model_type;
  const className =
    config.tokenizer_class ?? model?.tokenizer_class ?? (typeof type === "string" ? byModelType[type] : null);
  const name = typeof className === "string" ? className.replace(/Fast$/, "") : "";
  const found = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (found === undefined)
    throw unsupportedTokenizer(`does not know the tokenizer class ${quote(String(className ?? "none"))}`);
  if (config.from_slow || config.fix_mistral_regex) throw unsupportedTokenizer("cannot make tokenizer.json anew");
  if (name === "LlamaTokenizer" && config.add_prefix_space != null) {
    throw unsupportedTokenizer("cannot make tokenizer.json anew for add_prefix_space, which LlamaTokenizer does");
  }
  return found;
}
