import { type Chat, chatTemplate } from "../../corpus/chat.js";
import { type RenderContext, type Rendering, renderChats } from "../../corpus/render-chats.js";
import { secondOpinion } from "../../corpus/second-opinion.js";
import type { Gguf } from "../../gguf/gguf.js";
import type { Warning } from "../../util/warnings.js";
import type { RenderedPrompt, SmokeQuestion } from "./protocol.js";

/**
 * Renders questions with the file's chat template and exactly their messages, without the default system prompt that
 * some libraries add. Without a template, the model continues the prompt. Throws the errors of `renderChats`.
 */
export async function renderPrompts(
  gguf: Gguf,
  questions: readonly SmokeQuestion[],
  context: RenderContext,
): Promise<RenderedPrompt[]> {
  const template = chatTemplate(gguf);
  if (template === undefined) return questions.map(({ prompt }) => ({ text: prompt, toolsShown: false }));
  const chats = questions.flatMap((question) => [chatOf(question), { ...chatOf(question), tools: [] }]);
  const renderings = await renderChats(template, chats, context);
  return questions.map((_, index) => renderedPrompt(renderings[2 * index], renderings[2 * index + 1]));
}

/** Returns a warning if engines render the questions differently. Throws the errors of `renderChats`. */
export async function promptWarnings(
  gguf: Gguf,
  questions: readonly SmokeQuestion[],
  context: RenderContext,
): Promise<Warning[]> {
  const template = chatTemplate(gguf);
  if (template === undefined) return [];
  const chats = questions.map(chatOf);
  return secondOpinion(template, chats, await renderChats(template, chats, context), context);
}

function chatOf({ prompt, system, tools }: SmokeQuestion): Chat {
  const instructions = system === null ? [] : [{ role: "system", content: system }];
  return { messages: [...instructions, { role: "user", content: prompt }], tools, addGenerationPrompt: true };
}

/** `bare` is the rendering without tools. */
function renderedPrompt(full: Rendering | undefined, bare: Rendering | undefined): RenderedPrompt {
  if (full?.kind !== "text") return { failure: `the chat template does not render: ${full?.reason}` };
  return { text: full.text, toolsShown: bare?.kind !== "text" || bare.text !== full.text };
}
