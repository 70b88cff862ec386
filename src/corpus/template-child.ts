/**
 * The child process that renders chats, see render-chats.ts: the template and then one chat per line on standard input,
 * one message per chat on standard output.
 */
import { Template } from "@huggingface/jinja";
import { lineReader } from "../util/line-reader.js";
import { type Chat, renderChat } from "./render-chat.js";
import type { Rendering } from "./render-chats.js";

// biome-ignore lint/plugin: the channel to the parent process
const send = (message: Rendering) => process.stdout.write(`${JSON.stringify(message)}\n`);
let template: Template | Rendering | undefined;
const readLines = lineReader((line) => {
  if (template === undefined) template = parse(JSON.parse(line) as string);
  else send(rendering(template, JSON.parse(line) as Chat));
});
process.stdin.setEncoding("utf8").on("data", (piece: string) => readLines(piece));

function parse(source: string): Template | Rendering {
  try {
    return new Template(source);
  } catch (error) {
    return { kind: "unparsable", reason: reasonOf(error) };
  }
}

function rendering(parsed: Template | Rendering, chat: Chat): Rendering {
  if (!(parsed instanceof Template)) return parsed;
  try {
    return { kind: "text", text: renderChat(parsed, chat) };
  } catch (error) {
    return { kind: "rejected", reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
