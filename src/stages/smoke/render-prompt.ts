import { Template } from "@huggingface/jinja";
import type { SmokeQuestion } from "./protocol.js";

/** Texts of the special tokens that templates may write; undefined where the vocabulary has none. */
export interface TemplateTokens {
  bos: string | undefined;
  eos: string | undefined;
}

/**
 * The text a chat program would give the model for one question: the file's own template with exactly these messages,
 * so without the system prompt that some libraries add. Throws what the template or its parser throws.
 */
export function renderPrompt(template: string, question: SmokeQuestion, { bos, eos }: TemplateTokens): string {
  const { prompt, system, tools } = question;
  return new Template(template).render({
    messages: [...(system === null ? [] : [{ role: "system", content: system }]), { role: "user", content: prompt }],
    // As transformers calls it: templates test `tools is not none`.
    tools: tools.length === 0 ? null : tools.map((tool) => ({ type: "function", function: tool })),
    documents: null,
    add_generation_prompt: true,
    bos_token: bos ?? "",
    eos_token: eos ?? "",
  });
}
