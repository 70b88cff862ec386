import { chatTemplate } from "../../corpus/chat.js";
import { parseAnswers, type RenderContext } from "../../corpus/render-chats.js";
import type { Gguf } from "../../gguf/gguf.js";
import { endsInThought, type SmokeRequest, thoughtTag } from "./protocol.js";
import { chatOf } from "./render-prompts.js";
import type { Reply } from "./run-smoke-child.js";

/**
 * Adds the calls of tools to the answers to questions with tools that the template shows, parsed in the template's format.
 * Throws the errors of `parseAnswers`.
 */
export async function withToolCalls(
  replies: readonly Reply[],
  { questions, rendered }: Pick<SmokeRequest, "questions" | "rendered">,
  gguf: Gguf,
  context: RenderContext,
): Promise<Reply[]> {
  const template = chatTemplate(gguf);
  const found = questions.flatMap((question, index) => {
    const reply = replies[index];
    const prompt = rendered[index];
    if (question.tools.length === 0 || reply?.kind !== "answer" || !reply.toolsShown) return [];
    if (prompt === undefined || "failure" in prompt) return [];
    // The parser knows the end of the rendered chat.
    const answer = endsInThought(prompt.text) ? reply.text.slice(thoughtTag.length) : reply.text;
    return [{ reply, chat: { ...chatOf(question), answer } }];
  });
  if (template === undefined || found.length === 0) return [...replies];
  const chats = found.map(({ chat }) => chat);
  const parsed = await parseAnswers(template, chats, context);
  return replies.map((reply) => {
    const toolCalls = parsed[found.findIndex((one) => one.reply === reply)];
    return reply?.kind === "answer" && toolCalls !== undefined ? { ...reply, toolCalls } : reply;
  });
}
