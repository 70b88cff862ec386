import { missingOwnTool } from "../llamacpp/tool-run.js";
import type { Toolchain } from "../llamacpp/toolchain/toolchain.js";
import { formatBytes } from "../util/bytes.js";
import { parseChildMessage } from "../util/child-message.js";
import { QuantsmithError } from "../util/errors.js";
import { type ChildLimits, foreignLimits, type LimitedProgram, runLimitedChild } from "../util/limited-child.js";
import { lineReader } from "../util/line-reader.js";
import { type Chat, type ChatTemplate, toolObjects } from "./chat.js";
import { beginning } from "./conversation.js";

/**
 * A rendered chat; `rejected` if the template raises an error, `unparsable` for every chat of an invalid template.
 * `thinking` is the value of `enable_thinking` that was used.
 */
export type Rendering =
  | { kind: "text"; text: string; thinking: boolean }
  | { kind: "rejected" | "unparsable"; reason: string };

/** A step's working folder, tools and abort signal. */
export interface RenderContext {
  work: string;
  signal: AbortSignal;
  toolchain(): Promise<Toolchain>;
}

/** Seconds count per chat. */
export interface TemplateLimits extends ChildLimits {
  /** Characters of all chats together, as JSON. */
  characters: number;
}

const defaultLimits: TemplateLimits = { ...foreignLimits, characters: 256e6 };

/**
 * Renders chats with a model's template, in order, by llama.cpp's own engine (`native/chat.cpp`). Throws QS-TOOL-CHAT, the
 * errors of the toolchain and those of `renderInProgram`.
 */
export async function renderChats(
  template: ChatTemplate,
  chats: readonly Chat[],
  context: RenderContext,
  limits = defaultLimits,
): Promise<Rendering[]> {
  const { tools } = await context.toolchain();
  const program = tools["llama-chat"];
  if (program === undefined) throw missingOwnTool("llama-chat");
  return renderInProgram({ file: program.path, args: [] }, template, chats, context, limits);
}

/**
 * Renders chats by a program with the input and output of `native/chat.cpp`. A template is a program of a stranger: it runs
 * in one child process, limited in time, memory and text. Throws QS-TEMPLATE-LIMIT if it exceeds a limit and QS-ENV-OOM if
 * the system kills the process.
 */
export async function renderInProgram(
  program: LimitedProgram,
  template: ChatTemplate,
  chats: readonly Chat[],
  { work, signal }: Pick<RenderContext, "work" | "signal">,
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
    ...program,
    values: [
      template,
      ...chats.map(({ messages, tools, addGenerationPrompt, options = {} }) => ({
        ...{ messages, tools: toolObjects(tools), addGenerationPrompt, options },
      })),
    ],
    work,
    signal: AbortSignal.any([signal, excess.signal]),
    limits,
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
