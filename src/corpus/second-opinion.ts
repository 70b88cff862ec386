import { QuantsmithError } from "../util/errors.js";
import { nodeProgram } from "../util/limited-child.js";
import type { Warning } from "../util/warnings.js";
import type { Chat, ChatTemplate } from "./chat.js";
import { type RenderContext, type Rendering, renderInProgram } from "./render-chats.js";

const heapMegabytes = 256;

/**
 * Returns a warning if @huggingface/jinja, with the variables of transformers, renders one of the chats to another text than
 * llama.cpp (`renderings`). A template that it does not support says nothing about llama.cpp. Throws QS-ENV-OOM.
 */
export async function secondOpinion(
  template: ChatTemplate,
  chats: readonly Chat[],
  renderings: readonly Rendering[],
  context: Pick<RenderContext, "work" | "signal">,
): Promise<Warning[]> {
  const asked = chats.flatMap((chat, index) => {
    const rendering = renderings[index];
    if (rendering?.kind !== "text") return [];
    const options = { enable_thinking: rendering.thinking, ...chat.options };
    return [{ chat: { ...chat, options }, text: rendering.text }];
  });
  const others = await renderInProgram(
    nodeProgram("corpus/template-child.js", heapMegabytes),
    template,
    asked.map(({ chat }) => chat),
    context,
  ).catch((error) => {
    if (error instanceof QuantsmithError && error.code === "QS-TEMPLATE-LIMIT") return [];
    throw error;
  });
  return others.some((other, at) => other.kind === "text" && other.text !== asked[at]?.text) ? [difference] : [];
}

/** Names no conversation: a template could choose one by its text, and warnings get into the release. */
const difference: Warning = {
  code: "QW-TEMPLATE-ENGINES",
  message: "llama.cpp and @huggingface/jinja render the model's chat template to different texts",
  remedy:
    "Compare both texts with that of transformers. Programs on llama.cpp give the model the first text, with which the variants are tested.",
};
