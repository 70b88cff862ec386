import type { Template } from "@huggingface/jinja";

/** A chat and the variables of the template. */
export interface Chat {
  messages: readonly { role: string; content: string }[];
  /** Function descriptions with JSON Schema; empty by default. */
  tools?: readonly unknown[];
  /** Whether the text ends with the start of the model's turn. */
  addGenerationPrompt: boolean;
  /** Texts of the special tokens; undefined for a token missing from the vocabulary. */
  bos: string | undefined;
  eos: string | undefined;
}

/**
 * Renders a chat with a model's template and the variables that transformers passes; `tools` is null instead of empty,
 * because templates test `tools is not none`. Throws the template's own errors.
 */
export function renderChat(template: Template, { messages, tools = [], addGenerationPrompt, bos, eos }: Chat): string {
  return template.render({
    messages,
    tools: tools.length === 0 ? null : tools.map((tool) => ({ type: "function", function: tool })),
    documents: null,
    add_generation_prompt: addGenerationPrompt,
    bos_token: bos ?? "",
    eos_token: eos ?? "",
  });
}
