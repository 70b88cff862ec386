import { type KeptWeights, towersOf } from "../../checkpoint/outline/checkpoint-outline.js";
import { languageConfig } from "../../checkpoint/outline/language-config.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** Properties of a model for drafting a recipe, known before its download. */
export interface ModelOutline {
  /** As in the recipe: `hf:org/name`, `hf:org/name@revision` or a folder. */
  source: string;
  /** `architectures[0]` of config.json. */
  architecture: string;
  parameters: number;
  /** Bytes of all weight files. */
  weightBytes: number;
  /** Format of quantized weights, for people, and bytes of the base that they are converted to; absent for others. */
  quantized?: { label: string; baseBytes: number };
  /** The weights that the base has in a quantized type; absent without any. */
  kept?: KeptWeights;
  /** `mean`, `cls`, `last` or `rank` for a model without text output; absent for all others. */
  pooling?: string;
  /** Upper bound of the f16 KV cache of one token; null if config.json lacks the shape of attention. */
  cacheBytesPerToken: number | null;
  /** Trained context in tokens; null if config.json lacks it. */
  contextLength: number | null;
  /** Hidden size; null if config.json lacks it. */
  width: number | null;
  mixture: boolean;
  /** Whether the model accepts pictures, and audio. */
  pictures: boolean;
  audio: boolean;
  chat: "none" | "plain" | "thinking";
  /** Whether the chat template shows tools. */
  tools: boolean;
}

/** Returns whether a text has a block of a chat template that reads the tools. */
export const showsTools = (templates: string) => /\{%-?\s*(?:if|elif|for)\b[^%]*\btools\b/.test(templates);

/** Matches a template in tokenizer_config.json (a text or a list), or the name of a template file. */
const hasTemplate = /chat_template(?!"\s*:\s*(?:null|""|\[\s*\])\s*[,}])/;

/** Reads properties of a model from config.json and `templates`, the text of the existing tokenizer files. */
export function outlineModel(
  config: JsonObject,
  templates: string,
): Omit<ModelOutline, "source" | "architecture" | "parameters" | "weightBytes" | "quantized" | "kept" | "pooling"> {
  const language = languageConfig(config);
  const number = (key: string) => (typeof language[key] === "number" ? language[key] : undefined);
  const heads = number("num_attention_heads");
  const width = number("hidden_size");
  const head = number("head_dim") ?? (width !== undefined && heads !== undefined ? width / heads : undefined);
  const kvHeads = number("num_key_value_heads") ?? heads;
  const layers = number("num_hidden_layers");
  const known = layers !== undefined && kvHeads !== undefined && head !== undefined;
  const experts = ["num_experts", "num_local_experts", "n_routed_experts"].some((key) => (number(key) ?? 0) > 1);
  const towers = towersOf(config);
  return {
    // Keys and values, two bytes each.
    cacheBytesPerToken: known ? layers * kvHeads * head * 4 : null,
    contextLength: number("max_position_embeddings") ?? null,
    width: width ?? null,
    mixture: experts,
    pictures: towers.includes("vision"),
    audio: towers.includes("audio"),
    chat: !hasTemplate.test(templates) ? "none" : templates.includes("<think>") ? "thinking" : "plain",
    tools: showsTools(templates),
  };
}
