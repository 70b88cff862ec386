import { fileURLToPath } from "node:url";
import type { Gguf } from "../gguf/gguf.js";
import { specialToken } from "../gguf/special-token.js";
import { formatBytes } from "../util/bytes.js";
import { parseChildMessage } from "../util/child-message.js";
import { QuantsmithError } from "../util/errors.js";
import { lineReader } from "../util/line-reader.js";
import { packageRoot } from "../util/package-root.js";
import { quote } from "../util/quote.js";
import { runSubprocess, type SubprocessResult } from "../util/subprocess.js";
import type { Chat } from "./render-chat.js";

/** A rendered chat; `rejected` if the template raises an error, `unparsable` for every chat of an invalid template. */
export type Rendering = { kind: "text"; text: string } | { kind: "rejected" | "unparsable"; reason: string };

/** A step's working folder and abort signal. */
export interface RenderContext {
  work: string;
  signal: AbortSignal;
}

export interface TemplateLimits {
  /** Seconds per chat. */
  seconds: number;
  /** Resident memory of the process. */
  memoryBytes: number;
  /** Characters of all chats together, as JSON. */
  characters: number;
}

const defaultLimits: TemplateLimits = { seconds: 10, memoryBytes: 512e6, characters: 256e6 };

/** JavaScript heap in MiB; with the rest of Node, a growing heap ends before it reaches the limit of resident memory. */
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
  const result = await runSubprocess({
    file: process.execPath,
    // The compiled file, also if this file runs from source under vitest.
    args: [
      `--max-old-space-size=${heapMegabytes}`,
      fileURLToPath(new URL("dist/corpus/template-child.js", packageRoot)),
    ],
    cwd: work,
    input: [template, ...chats].map((part) => `${JSON.stringify(part)}\n`).join(""),
    signal: AbortSignal.any([signal, excess.signal]),
    limits: { memoryBytes: limits.memoryBytes, silentSeconds: limits.seconds },
    onText: (text, stream) => {
      if (stream === "stderr" || excess.signal.aborted) return;
      characters += text.length;
      if (characters > limits.characters) {
        excess.abort(exceeded(`renders more than ${formatBytes(limits.characters)} of text`));
      } else readLines(text);
    },
  });
  if (result.breach === "silence") throw exceeded(`does not finish within ${limits.seconds} seconds`);
  if (result.breach === "memory" || /heap out of memory/.test(result.stderr)) {
    throw exceeded(`uses more than ${formatBytes(limits.memoryBytes)} of memory`);
  }
  requireEnded(result);
  return renderings;
}

function limitError(limit: string, chat: Chat | undefined): QuantsmithError {
  const [first] = chat?.messages ?? [];
  const place = first === undefined ? "" : ` for the chat that begins ${quote(`${first.role}: ${first.content}`)}`;
  return new QuantsmithError("QS-TEMPLATE-LIMIT", `the model's chat template ${limit}${place}`, {
    remedy:
      "Correct the template in a copy of the model: `chat_template.jinja` of a checkpoint, or `quantsmith edit-metadata --chat-template` for a GGUF file.",
  });
}

function requireEnded({ exitCode, signal, tail }: SubprocessResult): void {
  if (exitCode === 0) return;
  if (signal === undefined) throw new Error(`the process that renders the chat template failed: ${tail}`);
  throw new QuantsmithError("QS-ENV-OOM", `the rendering of the model's chat template was ended (${signal})`, {
    remedy: "Close other programs and run again; most likely the system ran out of memory.",
    output: tail,
  });
}
