import type { Gguf } from "../gguf/gguf.js";
import { specialToken } from "../gguf/special-token.js";
import { formatBytes } from "../util/bytes.js";
import { parseChildMessage } from "../util/child-message.js";
import { QuantsmithError } from "../util/errors.js";
import { type ChildLimits, foreignLimits, runLimitedChild } from "../util/limited-child.js";
import { lineReader } from "../util/line-reader.js";
import { beginning } from "./conversation.js";
import type { Chat } from "./render-chat.js";

/** A rendered chat; `rejected` if the template raises an error, `unparsable` for every chat of an invalid template. */
export type Rendering = { kind: "text"; text: string } | { kind: "rejected" | "unparsable"; reason: string };

/** A step's working folder and abort signal. */
export interface RenderContext {
  work: string;
  signal: AbortSignal;
}

/** Seconds count per chat. */
export interface TemplateLimits extends ChildLimits {
  /** Characters of all chats together, as JSON. */
  characters: number;
}

const defaultLimits: TemplateLimits = { ...foreignLimits, characters: 256e6 };
const heapMegabytes = 256;

/** Returns the texts of the BOS and EOS tokens, which templates use. */
export function templateTokens(gguf: Gguf): Pick<Chat, "bos" | "eos"> {
  return { bos: specialToken(gguf, "bos"), eos: specialToken(gguf, "eos") };
}

/**
 * Renders chats with a model's template, in order. A template is a program of a stranger: it runs in one child process,
 * limited in time, memory and text. Throws QS-TEMPLATE-LIMIT if it exceeds a limit and QS-ENV-OOM if the system kills the
 * process.
 */
export async function renderChats(
  template: string,
  chats: readonly Chat[],
  { work, signal }: RenderContext,
  limits = defaultLimits,
): Promise<Rendering[]> {
  const renderings: Rendering[] = [];
  const exceeded = (limit: string) => limitError(limit, chats[renderings.length]);
  const readLines = lineReader((line) => {
    const message = parseChildMessage<Rendering>(line);
    if (message !== undefined) renderings.push(message);
  });
  const excess = new AbortController();
  let characters = 0;
  await runLimitedChild({
    script: "corpus/template-child.js",
    values: [template, ...chats],
    work,
    signal: AbortSignal.any([signal, excess.signal]),
    limits,
    heapMegabytes,
    about: "the rendering of the model's chat template",
    exceeded,
    onText: (text) => {
      if (excess.signal.aborted) return;
      characters += text.length;
      if (characters > limits.characters) {
        excess.abort(exceeded(`renders more than ${formatBytes(limits.characters)} of text`));
      } else readLines(text);
    },
  });
  return renderings;
}

function limitError(limit: string, chat: Chat | undefined): QuantsmithError {
  const place = chat === undefined ? "" : ` for the chat that begins ${beginning(chat.messages)}`;
  return new QuantsmithError("QS-TEMPLATE-LIMIT", `the model's chat template ${limit}${place}`, {
    remedy:
      "Correct the template in a copy of the model: `chat_template.jinja` of a checkpoint, or `quantsmith edit-metadata --chat-template` for a GGUF file.",
  });
}
