import { missingOwnTool } from "../llamacpp/tool-run.js";
import type { Toolchain } from "../llamacpp/toolchain/toolchain.js";
import { formatBytes } from "../util/bytes.js";
import { parseChildMessage } from "../util/child-message.js";
import { QuantsmithError } from "../util/errors.js";
import { type ChildLimits, foreignLimits, type LimitedProgram, runLimitedChild } from "../util/limited-child.js";
import { lineReader } from "../util/line-reader.js";
import { type Chat, type ChatTemplate, toolObjects } from "./chat.js";

/**
 * A rendered chat; `rejected` if the template raises an error, `unparsable` for every chat of an invalid template.
 * `thinking` is the value of `enable_thinking` that was used.
 */
export type Rendering =
  | { kind: "text"; text: string; thinking: boolean }
  | { kind: "rejected" | "unparsable"; reason: string };

/** An answer's calls of tools, with their arguments as JSON; not `parsed` if it does not follow the template's format. */
export type ParsedAnswer =
  | { kind: "parsed"; calls: readonly { name: string; arguments: string }[] }
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
  return renderInProgram(await llamaChat(context), template, chats, context, limits);
}

/**
 * Parses the calls of tools in answers to chats by llama.cpp's own parser for the template's format, as llama-server does.
 * Each answer has a process of its own, since one can crash the parser, as thousands of nested brackets do: that one is
 * `rejected`. The template must render the chats. Throws QS-TOOL-CHAT, QS-ENV-OOM and the errors of the toolchain.
 */
export async function parseAnswers(
  template: ChatTemplate,
  chats: readonly (Chat & { answer: string })[],
  context: RenderContext,
): Promise<ParsedAnswer[]> {
  const program = await llamaChat(context);
  const answers: ParsedAnswer[] = [];
  for (const chat of chats) {
    const parsed = renderInProgram<ParsedAnswer>(program, template, [chat], context, defaultLimits, parserFailure);
    answers.push(...(await parsed.catch((error) => [rejected(error)])));
  }
  return answers;
}

class ParserFailure extends Error {}
const parserFailure = (limit: string) => new ParserFailure(`llama.cpp's parser of answers ${limit}`);

function rejected(error: unknown): ParsedAnswer {
  if (error instanceof ParserFailure) return { kind: "rejected", reason: error.message };
  throw error;
}

async function llamaChat(context: RenderContext): Promise<LimitedProgram> {
  const { tools } = await context.toolchain();
  const program = tools["llama-chat"];
  if (program === undefined) throw missingOwnTool("llama-chat");
  return { file: program.path, args: [] };
}

/**
 * Renders chats by a program with the input and output of `native/chat.cpp`. A template is a program of a stranger: it runs
 * in one child process, limited in time, memory and text. Throws `errorFor` an exceeded limit (QS-TEMPLATE-LIMIT) and
 * QS-ENV-OOM if the system kills the process.
 */
export async function renderInProgram<T = Rendering>(
  program: LimitedProgram,
  template: ChatTemplate,
  chats: readonly Chat[],
  { work, signal }: Pick<RenderContext, "work" | "signal">,
  limits = defaultLimits,
  errorFor: (limit: string) => Error = limitError,
): Promise<T[]> {
  const renderings: T[] = [];
  const exceeded = (limit: string) => errorFor(`${limit}${placeOf(renderings.length, chats)}`);
  const readLines = lineReader((line) => {
    const message = parseChildMessage<T & { kind: string }>(line);
    if (message !== undefined) renderings.push(message);
  });
  const excess = new AbortController();
  let characters = 0;
  await runLimitedChild({
    ...program,
    values: [
      template,
      ...chats.map(({ tools, options = {}, place: _, ...chat }) => ({ ...chat, tools: toolObjects(tools), options })),
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

/** The chat's text is not shown: a template could choose what a log tells of the user's conversations. */
function placeOf(index: number, chats: readonly Chat[]): string {
  const chat = chats[index];
  if (chat?.place !== undefined) return ` for the conversation in ${chat.place}`;
  return chat === undefined || chats.length === 1 ? "" : ` for chat ${index + 1} of ${chats.length}`;
}

function limitError(limit: string): QuantsmithError {
  return new QuantsmithError("QS-TEMPLATE-LIMIT", `the model's chat template ${limit}`, {
    remedy:
      "Correct the template in a copy of the model: `chat_template.jinja` of a checkpoint, or `quantsmith edit-metadata --chat-template` for a GGUF file.",
  });
}
