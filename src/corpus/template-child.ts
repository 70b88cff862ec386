/**
 * The child process that renders chats with @huggingface/jinja, see second-opinion.ts. Input and output are those of
 * native/chat.cpp: the template and then one chat per line on standard input, one message per chat on standard output.
 */
import { Template } from "@huggingface/jinja";
import { lineReader } from "../util/line-reader.js";
import type { ChatTemplate } from "./chat.js";
import type { Rendering } from "./render-chats.js";

/** A chat on a line of input; its tools are in the format of `toolObjects`. */
interface ChatLine {
  messages: readonly unknown[];
  tools: readonly unknown[];
  addGenerationPrompt: boolean;
  options: Readonly<Record<string, unknown>>;
}

// The date of native/chat.cpp.
process.env.TZ = "UTC";
globalThis.Date = class extends Date {
  constructor() {
    super(1721995200e3);
  }
} as DateConstructor;

// biome-ignore lint/plugin: the channel to the parent process
const send = (message: Rendering) => process.stdout.write(`${JSON.stringify(message)}\n`);
let render: ((chat: ChatLine) => Rendering) | undefined;
const readLines = lineReader((line) => {
  if (render === undefined) render = renderer(JSON.parse(line) as ChatTemplate);
  else send(render(JSON.parse(line) as ChatLine));
});
process.stdin.setEncoding("utf8").on("data", (piece: string) => readLines(piece));

function renderer(model: ChatTemplate): (chat: ChatLine) => Rendering {
  try {
    const main = new Template(model.template);
    const toolUse = model.toolUse === null ? main : new Template(model.toolUse);
    return (chat) => rendering(chat.tools.length === 0 ? main : toolUse, model, chat);
  } catch (error) {
    const unparsable: Rendering = { kind: "unparsable", reason: reasonOf(error) };
    return () => unparsable;
  }
}

/** Passes the variables of transformers; `tools` is null instead of empty, because templates test `tools is not none`. */
function rendering(template: Template, { bos, eos }: ChatTemplate, chat: ChatLine): Rendering {
  try {
    const text = template.render({
      messages: chat.messages,
      tools: chat.tools.length === 0 ? null : chat.tools,
      documents: null,
      add_generation_prompt: chat.addGenerationPrompt,
      bos_token: bos,
      eos_token: eos,
      ...chat.options,
    });
    return { kind: "text", text, thinking: chat.options.enable_thinking === true };
  } catch (error) {
    return { kind: "rejected", reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
