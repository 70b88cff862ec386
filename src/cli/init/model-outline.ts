import { isObject } from "../../checkpoint/parse-python-json.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** What a recipe can be fitted to, before anything is downloaded. */
export interface ModelOutline {
  /** As the recipe writes it: `hf:org/name`, with `@revision` where one is given, or a folder. */
  source: string;
  /** `architectures[0]` of config.json. */
  architecture: string;
  parameters: number;
  /** Bytes of all weight files. */
  weightBytes: number;
  /** Keys and values of one token in f16, at most; null when config.json does not tell the shape of attention. */
  cacheBytesPerToken: number | null;
  /** Tokens that it was made for; null when config.json does not tell. */
  contextLength: number | null;
  /** Values in a row of the residual stream; null when config.json does not tell. */
  width: number | null;
  mixture: boolean;
  /** Whether it hears or sees as well. */
  multimodal: boolean;
  chat: "none" | "plain" | "thinking";
}

/** A template as tokenizer_config.json holds it, as one text or a list; the files that hold nothing else are named after it. */
const hasTemplate = /chat_template(?!"\s*:\s*(?:null|""|\[\s*\])\s*[,}])/;

/** What config.json and the tokenizer's files tell of a model. `templates` is their text, as far as they are there. */
export function outlineModel(
  config: JsonObject,
  templates: string,
): Omit<ModelOutline, "source" | "architecture" | "parameters" | "weightBytes"> {
  const language = isObject(config.text_config) ? config.text_config : config;
  const number = (key: string) => (typeof language[key] === "number" ? language[key] : undefined);
  const heads = number("num_attention_heads");
  const width = number("hidden_size");
  const head = number("head_dim") ?? (width !== undefined && heads !== undefined ? width / heads : undefined);
  const kvHeads = number("num_key_value_heads") ?? heads;
  const layers = number("num_hidden_layers");
  const known = layers !== undefined && kvHeads !== undefined && head !== undefined;
  const experts = ["num_experts", "num_local_experts", "n_routed_experts"].some((key) => (number(key) ?? 0) > 1);
  return {
    // Keys and values, two bytes each.
    cacheBytesPerToken: known ? layers * kvHeads * head * 4 : null,
    contextLength: number("max_position_embeddings") ?? null,
    width: width ?? null,
    mixture: experts,
    multimodal: ["vision_config", "audio_config"].some((key) => isObject(config[key])),
    chat: !hasTemplate.test(templates) ? "none" : templates.includes("<think>") ? "thinking" : "plain",
  };
}

/** Bytes of one weight in the checkpoint, as config.json tells. */
export function bytesPerWeight(config: JsonObject): number {
  const language = isObject(config.text_config) ? config.text_config : {};
  const type = config.dtype ?? config.torch_dtype ?? language.dtype ?? language.torch_dtype;
  return type === "float32" ? 4 : 2;
}
