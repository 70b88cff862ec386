import { Template } from "@huggingface/jinja";
import type { Gguf } from "../gguf/gguf.js";
import { metadataString } from "../gguf/metadata.js";
import { specialToken } from "../gguf/special-token.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { Conversation } from "./conversation.js";
import { renderChat } from "./render-chat.js";

/**
 * Returns a function that renders a conversation with the model's chat template. Throws QS-TEXT-CONVERSATION for a
 * missing or invalid template; the function throws it for a conversation that the template rejects.
 */
export function chatRenderer(gguf: Gguf): (conversation: Conversation) => string {
  const source = metadataString(gguf, "tokenizer.chat_template");
  if (source === undefined) throw noTemplateError();
  const tokens = { bos: specialToken(gguf, "bos"), eos: specialToken(gguf, "eos") };
  const template = attempt(() => new Template(source), "cannot parse the model's chat template");
  return (conversation) =>
    attempt(
      () => renderChat(template, { messages: conversation, addGenerationPrompt: false, ...tokens }),
      `the model's chat template rejects the conversation that begins ${beginning(conversation)}`,
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
        "Alternate user and assistant messages, without a system message if the template rejects it, or remove `chatTemplate`.",
      cause,
    });
  }
}

function noTemplateError(): QuantsmithError {
  return new QuantsmithError("QS-TEXT-CONVERSATION", "the model has no chat template", {
    remedy: "Remove `chatTemplate`: a model without a template was not trained on conversations.",
  });
}
