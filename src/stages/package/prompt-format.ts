import { chatTemplate } from "../../corpus/chat.js";
import { type RenderContext, renderChats } from "../../corpus/render-chats.js";
import type { Gguf } from "../../gguf/gguf.js";

/** Longest format, in characters, that readers of a model card can overlook. */
const maxCharacters = 2000;

/** True if a template renders the date, so that its text differs from day to day. */
export function rendersDate(template: string): boolean {
  return /\b(strftime_now|date_string|datetime)\b/.test(template);
}

/**
 * Returns a chat as the model's own template renders it, with placeholders for system prompt and prompt; null without a
 * template, for one that renders the date, and for longer ones. Throws the errors of `renderChats`.
 */
export async function promptFormat(gguf: Gguf, context: RenderContext): Promise<string | null> {
  const template = chatTemplate(gguf);
  if (template === undefined || rendersDate(template.template)) return null;
  const user = { role: "user", content: "{prompt}" };
  const system = { role: "system", content: "{system_prompt}" };
  // Some templates accept no system prompt.
  const chats = [[system, user], [user]].map((messages) => ({ messages, addGenerationPrompt: true }));
  const texts = (await renderChats(template, chats, context)).flatMap((one) => (one.kind === "text" ? [one.text] : []));
  return texts.find((text) => text.length <= maxCharacters && text.includes("{prompt}")) ?? null;
}
