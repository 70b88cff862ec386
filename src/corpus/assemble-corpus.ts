import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import type { Conversation } from "./conversation.js";
import { isJsonLines, readBlocks, type TextBlock } from "./read-blocks.js";
import { readUnchanged } from "./read-unchanged.js";

/** One text of a corpus as the plan knows it; inputs `text0`, `text1`, … hold the files in this order. */
export interface CorpusText extends JsonObject {
  /** What the card calls it; its last part is what the tools write into published metadata. */
  name: string;
  /** Null for a text that comes to be in the run: the key of the step that makes it stands for it. */
  sha256: string | null;
}

/** Where a step finds its texts and may write. */
export interface CorpusStep {
  work: string;
  input(name: string): string | undefined;
  digest(name: string): string | undefined;
}

/** Writes one conversation as the model reads it. */
export type RenderConversation = (conversation: Conversation) => string;

/**
 * Puts a corpus into the working folder as one UTF-8 text and returns its file name there. With `render`, conversations
 * go through it, and there must be some; without, their messages are text like any other.
 * Errors: QS-TEXT-BINARY, QS-TEXT-ENCODING, QS-TEXT-RECORD, QS-TEXT-CONVERSATION, QS-INPUT-CHANGED, and QS-TEXT-EMPTY
 * for nothing but white space.
 */
export async function assembleCorpus(
  texts: readonly CorpusText[],
  step: CorpusStep,
  render?: RenderConversation,
): Promise<string> {
  const parts: TextBlock[] = [];
  for (const [index, text] of texts.entries()) {
    const input = `text${index}`;
    const path = step.input(input);
    if (path === undefined) throw new Error(`the step was planned without its input ${input}`);
    const bytes = await readUnchanged(path, text.sha256 ?? step.digest(input));
    parts.push(...(await readBlocks(path, text.name, bytes)));
  }
  if (render !== undefined && !parts.some(({ conversation }) => conversation !== undefined)) {
    throw noConversationError(texts);
  }
  const joined = parts
    .map(({ text, conversation }) => (render && conversation ? render(conversation) : text))
    .join("\n\n");
  if (joined.trim() === "") {
    throw new QuantsmithError("QS-TEXT-EMPTY", `the corpus ${corpusName(texts)} holds no text`, {
      remedy: "Give a text file with a few hundred kilobytes of ordinary text.",
    });
  }
  const name = workingName(texts);
  await writeFile(join(step.work, name), joined);
  return name;
}

/** How a corpus is called on the card: the names of its texts. */
export function corpusName(texts: readonly CorpusText[]): string {
  return texts.map((text) => text.name).join(" + ");
}

function workingName(texts: readonly CorpusText[]): string {
  const name = texts.length === 1 ? basename(corpusName(texts)) : "corpus.txt";
  // A name that begins with "-" would be read as a flag, and one of a tool's own file would collide with it.
  const suffix = /\.(gguf|kld)$/i.test(name) || isJsonLines(name) ? ".txt" : "";
  return `${name.startsWith("-") ? "_" : ""}${name}${suffix}`;
}

function noConversationError(texts: readonly CorpusText[]): QuantsmithError {
  return new QuantsmithError("QS-TEXT-CONVERSATION", `${corpusName(texts)} holds no conversation`, {
    remedy:
      'With `chatTemplate: true` give `default` or a .jsonl file with "messages" on each line, or leave `chatTemplate` out.',
  });
}
