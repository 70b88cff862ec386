import { Template } from "@huggingface/jinja";
import { type Chat, renderChat } from "../../corpus/render-chat.js";
import type { SmokeQuestion } from "./protocol.js";

/** Texts of the special tokens that templates may write. */
export type TemplateTokens = Pick<Chat, "bos" | "eos">;

/**
 * The text a chat program would give the model for one question: the file's own template with exactly these messages,
 * so without the system prompt that some libraries add. Throws what the template or its parser throws.
 */
export function renderPrompt(template: string, question: SmokeQuestion, tokens: TemplateTokens): string {
  const { prompt, system, tools } = question;
  const messages = [
    ...(system === null ? [] : [{ role: "system", content: system }]),
    { role: "user", content: prompt },
  ];
  return renderChat(new Template(template), { messages, tools, addGenerationPrompt: true, ...tokens });
}
