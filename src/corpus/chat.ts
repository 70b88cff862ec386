import type { Gguf } from "../gguf/gguf.js";
import { metadataString } from "../gguf/metadata.js";
import { specialToken } from "../gguf/special-token.js";

/** A message in the format of OpenAI's chat API. */
export interface ChatMessage {
  role: string;
  content: string;
  /** Calls of tools by the model. */
  tool_calls?: readonly { type: "function"; id: string; function: { name: string; arguments: string } }[];
  /** The call that a message of role `tool` answers. */
  tool_call_id?: string;
}

/** A chat and the variables of the template. */
export interface Chat {
  messages: readonly ChatMessage[];
  /** Function descriptions with JSON Schema; empty by default. */
  tools?: readonly unknown[];
  /** Whether the text ends with the start of the model's turn. */
  addGenerationPrompt: boolean;
  /** What the model generated after the rendered chat, to parse instead of rendering (`parseAnswers`). */
  answer?: string;
  /** Further variables, such as `enable_thinking`. */
  options?: Readonly<Record<string, unknown>>;
  /** How errors name the chat, instead of its number. */
  place?: string;
}

/** What rendering uses of a model. */
export interface ChatTemplate {
  /** The Jinja template. */
  template: string;
  /** The template named tool_use, which llama.cpp prefers for chats with tools; null without one. */
  toolUse: string | null;
  /** Texts of the special tokens; empty for a token missing from the vocabulary. */
  bos: string;
  eos: string;
}

/** Returns the model's chat template, as llama.cpp chooses it; undefined without one. */
export function chatTemplate(gguf: Gguf): ChatTemplate | undefined {
  const toolUse = metadataString(gguf, "tokenizer.chat_template.tool_use") ?? null;
  const template = metadataString(gguf, "tokenizer.chat_template") ?? toolUse;
  if (template === null) return undefined;
  return { template, toolUse, bos: specialToken(gguf, "bos") ?? "", eos: specialToken(gguf, "eos") ?? "" };
}

/** Returns tools as chat templates require them. */
export function toolObjects(tools: readonly unknown[] = []): { type: "function"; function: unknown }[] {
  return tools.map((tool) => ({ type: "function", function: tool }));
}
