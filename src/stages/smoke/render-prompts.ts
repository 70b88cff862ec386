import { type Chat, chatTemplate } from "../../corpus/chat.js";
import { type RenderContext, type Rendering, renderChats } from "../../corpus/render-chats.js";
import { secondOpinion } from "../../corpus/second-opinion.js";
import type { Gguf } from "../../gguf/gguf.js";
import type { Warning } from "../../util/warnings.js";
import type { RenderedPrompt, SmokeQuestion } from "./protocol.js";

/**
 * Renders questions with the file's chat template and exactly their messages, without the default system prompt that
 * some libraries add. Without a template, the model continues the prompt. `warn` gets a warning if engines render the
 * questions differently; without it, they are not compared. Throws the errors of `renderChats`.
 */
export async function renderPrompts(
  gguf: Gguf,
  questions: readonly SmokeQuestion[],
  context: RenderContext,
  warn?: (warning: Warning) => void,
): Promise<RenderedPrompt[]> {
  const template = chatTemplate(gguf);
  if (template === undefined) return questions.map(({ prompt }) => ({ text: prompt, toolsShown: false }));
  const chats = questions.flatMap((question) => [chatOf(question), { ...chatOf(question), tools: [] }]);
  const renderings = await renderChats(template, chats, context);
  if (warn !== undefined) {
    const full = renderings.filter((_, index) => index % 2 === 0);
    for (const warning of await secondOpinion(template, questions.map(chatOf), full, context)) warn(warning);
  }
  return questions.map((_, index) => renderedPrompt(renderings[2 * index], renderings[2 * index + 1]));
}

/** Returns the chat of a question. */
export function chatOf({ prompt, system, tools }: SmokeQuestion): Chat {
  const instructions = system === null ? [] : [{ role: "system", content: system }];
  return { messages: [...instructions, { role: "user", content: prompt }], tools, addGenerationPrompt: true };
}

/** `bare` is the rendering without tools. */
function renderedPrompt(full: Rendering | undefined, bare: Rendering | undefined): RenderedPrompt {
  if (full?.kind !== "text") return { failure: `the chat template does not render: ${full?.reason}` };
  return { text: full.text, toolsShown: bare?.kind !== "text" || bare.text !== full.text };
}
