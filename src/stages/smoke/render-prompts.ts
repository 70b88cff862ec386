import { type RenderContext, type Rendering, renderChats, templateTokens } from "../../corpus/render-chats.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
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
  const template = metadataString(gguf, "tokenizer.chat_template");
  if (template === undefined) return questions.map(({ prompt }) => ({ text: prompt, toolsShown: false }));
  const tokens = templateTokens(gguf);
  const chats = questions.flatMap(({ prompt, system, tools }) => {
    const messages = [
      ...(system === null ? [] : [{ role: "system", content: system }]),
      { role: "user", content: prompt },
    ];
    return [tools, []].map((shown) => ({ messages, tools: shown, addGenerationPrompt: true, ...tokens }));
  });
  const renderings = await renderChats(template, chats, context);
  return questions.map((_, index) => renderedPrompt(renderings[2 * index], renderings[2 * index + 1]));
}

/** `bare` is the rendering without tools. */
function renderedPrompt(full: Rendering | undefined, bare: Rendering | undefined): RenderedPrompt {
  if (full?.kind !== "text") return { failure: `the chat template does not render: ${full?.reason}` };
  return { text: full.text, toolsShown: bare?.kind !== "text" || bare.text !== full.text };
}
