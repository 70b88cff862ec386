import type { SourceHeader } from "../../checkpoint/gguf/source-header.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { type ModelOutline, showsTools } from "./model-outline.js";

/** Returns what a recipe needs of a GGUF source's metadata. */
export function outlineGguf(
  header: SourceHeader,
): Omit<ModelOutline, "source" | "parameters" | "weightBytes" | "kept"> {
  const architecture = metadataString(header, "general.architecture") ?? "";
  const number = (key: string) => metadataNumber(header, `${architecture}.${key}`);
  const layers = number("block_count");
  const heads = number("attention.head_count");
  const kvHeads = number("attention.head_count_kv") ?? heads;
  const width = number("embedding_length");
  const head = width !== undefined && heads !== undefined ? width / heads : undefined;
  const keyLength = number("attention.key_length") ?? head;
  const valueLength = number("attention.value_length") ?? head;
  const template = metadataString(header, "tokenizer.chat_template") ?? "";
  const isKnown = layers !== undefined && kvHeads !== undefined && keyLength !== undefined && valueLength !== undefined;
  return {
    architecture,
    // Two bytes each.
    cacheBytesPerToken: isKnown ? layers * kvHeads * (keyLength + valueLength) * 2 : null,
    contextLength: number("context_length") ?? null,
    width: width ?? null,
    mixture: (number("expert_count") ?? 0) > 1,
    pictures: false,
    audio: false,
    chat: template === "" ? "none" : template.includes("<think>") ? "thinking" : "plain",
    tools: metadataString(header, "tokenizer.chat_template.tool_use") !== undefined || showsTools(template),
  };
}
