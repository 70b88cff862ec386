import type { Gguf } from "../gguf/gguf.js";
import { QuantsmithError } from "../util/errors.js";
import type { Warning } from "../util/warnings.js";
import { chatTemplate } from "./chat.js";
import type { PlacedConversation } from "./conversation.js";
import { type RenderContext, type Rendering, renderChats } from "./render-chats.js";
import { secondOpinion } from "./second-opinion.js";

/**
 * Returns a function that renders conversations with the model's chat template, and warns of an engine that renders them
 * differently. Throws QS-TEXT-CONVERSATION for a missing template; the function throws it for an invalid template and for a
 * conversation that the template rejects, and the errors of `renderChats`.
 */
export function chatRenderer(
  gguf: Gguf,
  context: RenderContext & { warn(warning: Warning): void },
): (conversations: readonly PlacedConversation[]) => Promise<string[]> {
  const template = chatTemplate(gguf);
  if (template === undefined) throw noTemplateError();
  return async (conversations) => {
    const chats = conversations.map((conversation) => ({ ...conversation, addGenerationPrompt: false }));
    const renderings = await renderChats(template, chats, context);
    for (const warning of await secondOpinion(template, chats, renderings, context)) context.warn(warning);
    return renderings.map((rendering, index) =>
      textOf(rendering, conversations[index]?.place ?? "", template.template),
    );
  };
}

function textOf(rendering: Rendering, place: string, template: string): string {
  if (rendering.kind === "text") return rendering.text;
  const message =
    rendering.kind === "unparsable"
      ? `cannot parse the model's chat template: ${rendering.reason}`
      : `the model's chat template rejects the conversation in ${place}: ${publicReason(rendering.reason, template)}`;
  throw new QuantsmithError("QS-TEXT-CONVERSATION", message, {
    remedy:
      "Alternate user and assistant messages, without a system message if the template rejects it, or use plain text (for calibration, remove `chatTemplate`).",
  });
}

/** Returns the reason if it is a string constant of the template: a computed one could contain the user's conversations. */
function publicReason(reason: string, template: string): string {
  const message = reason.replace(/^Jinja Exception: /, "");
  const source = template.replace(/\\(.)/gs, (_, escaped) => (escaped === "n" ? "\n" : escaped));
  const isConstant = source.includes(`'${message}'`) || source.includes(`"${message}"`);
  return isConstant
    ? message
    : "its message is not shown, because it is no constant of the template and can contain text of the conversation";
}

function noTemplateError(): QuantsmithError {
  return new QuantsmithError("QS-TEXT-CONVERSATION", "the model has no chat template", {
    remedy: "Remove `chatTemplate`: a model without a template was not trained on conversations.",
  });
}
