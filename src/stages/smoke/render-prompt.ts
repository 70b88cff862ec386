import { Template } from "@huggingface/jinja";
import { type Chat, renderChat } from "../../corpus/render-chat.js";
import type { SmokeQuestion } from "./protocol.js";

/** Texts of the special tokens that templates may use. */
export type TemplateTokens = Pick<Chat, "bos" | "eos">;

/**
 * Renders a question with the file's chat template and exactly these messages, without the default system prompt that
 * some libraries add. Throws the errors of the template and its parser.
 */
export function renderPrompt(template: string, question: SmokeQuestion, tokens: TemplateTokens): string {
  const { prompt, system, tools } = question;
  const messages = [
    ...(system === null ? [] : [{ role: "system", content: system }]),
    { role: "user", content: prompt },
  ];
  return renderChat(new Template(template), { messages, tools, addGenerationPrompt: true, ...tokens });
}
