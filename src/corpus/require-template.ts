import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { type RenderContext, renderChats } from "./render-chats.js";

const question = "What is the capital of France?";

/**
 * Requires that a chat template parses and, unless it is a `named` one for other chats, renders a user's message. An invalid
 * template makes a model unusable in all programs. Throws QS-EDIT-TEMPLATE and the errors of `renderChats`.
 */
export async function requireTemplate(
  { text, named, at }: { text: string; named: boolean; at?: SourceLocation },
  context: RenderContext,
): Promise<void> {
  const chat = { messages: [{ role: "user", content: question }], addGenerationPrompt: true };
  const template = { template: text, toolUse: null, bos: "", eos: "" };
  const [rendering] = await renderChats(template, [chat], context);
  if (rendering?.kind === "unparsable") throw templateError(rendering.reason, at);
  if (named) return;
  if (rendering?.kind === "rejected") throw templateError(`it rejects a user's message: ${rendering.reason}`, at);
  if (rendering?.kind !== "text" || !rendering.text.includes(question))
    throw templateError("it does not render a user's message", at);
}

/** Returns QS-EDIT-TEMPLATE. */
export function templateError(reason: string, at?: SourceLocation): QuantsmithError {
  const what = at === undefined ? "the value" : at.file;
  return new QuantsmithError("QS-EDIT-TEMPLATE", `cannot use ${what} as a chat template: ${reason}`, {
    remedy: "Give a Jinja template, such as chat_template.jinja of the model's repository.",
    ...(at === undefined ? {} : { at }),
  });
}
