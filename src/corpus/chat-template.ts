import { Template } from "@huggingface/jinja";
import type { Gguf } from "../gguf/gguf.js";
import { metadataString } from "../gguf/metadata.js";
import { specialToken } from "../gguf/special-token.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { Conversation } from "./conversation.js";
import { renderChat } from "./render-chat.js";

/**
 * The model's own chat template as a function from a conversation to the text the model was trained on.
 * Errors: QS-TEXT-CONVERSATION for a model without a template or with a broken one; the function throws it for a
 * conversation that the template refuses.
 */
export function chatRenderer(gguf: Gguf): (conversation: Conversation) => string {
  const source = metadataString(gguf, "tokenizer.chat_template");
  if (source === undefined) throw noTemplateError();
  const tokens = { bos: specialToken(gguf, "bos"), eos: specialToken(gguf, "eos") };
  const template = attempt(() => new Template(source), "the model's chat template cannot be read");
  return (conversation) =>
    attempt(
      () => renderChat(template, { messages: conversation, addGenerationPrompt: false, ...tokens }),
      `the model's chat template refuses the conversation that begins ${beginning(conversation)}`,
    );
}

function beginning(conversation: Conversation): string {
  const [first] = conversation;
  return quote(`${first?.role}: ${first?.content}`);
}

function attempt<T>(doing: () => T, message: string): T {
  try {
    return doing();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new QuantsmithError("QS-TEXT-CONVERSATION", `${message}: ${reason.slice(0, 300)}`, {
      remedy:
        "Many templates want user and assistant in turn, and some take no system message; or leave `chatTemplate` out.",
      cause,
    });
  }
}

function noTemplateError(): QuantsmithError {
  return new QuantsmithError("QS-TEXT-CONVERSATION", "the model has no chat template", {
    remedy: "Leave `chatTemplate` out: a model without a template was not trained on conversations.",
  });
}
