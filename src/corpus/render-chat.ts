import type { Template } from "@huggingface/jinja";

export interface Chat {
  messages: readonly { role: string; content: string }[];
  /** JSON Schema descriptions of functions; none by default. */
  tools?: readonly unknown[];
  /** Whether the text goes on with the model's turn. */
  addGenerationPrompt: boolean;
  /** Texts of the special tokens; undefined where the vocabulary has none. */
  bos: string | undefined;
  eos: string | undefined;
}

/**
 * The text of a chat in a model's own template, given what transformers gives it: templates test `tools is not none`.
 * Throws what the template throws.
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
