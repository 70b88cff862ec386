import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { PlacedConversation } from "./conversation.js";
import { isJsonLines, readBlocks, type TextBlock } from "./read-blocks.js";
import { readUnchanged } from "./read-unchanged.js";

/** One text of a corpus as planned; the step's inputs `text0`, `text1`, … are the files in this order. */
export interface CorpusText extends JsonObject {
  /** Name on the model card; tools write its last path segment into published metadata. */
  name: string;
  /** Null for a text created during the run, which is identified by the key of the creating step. */
  sha256: string | null;
}

/** A step's access to its inputs and working folder. */
export interface CorpusStep {
  work: string;
  input(name: string): string | undefined;
  digest(name: string): string | undefined;
}

/** A corpus as one file of the working folder. */
export interface AssembledCorpus {
  file: string;
  /** Whether it contains rendered conversations, so that control tokens in it must be parsed. */
  rendered: boolean;
}

/** Renders conversations with the model's chat template. */
export type RenderConversations = (conversations: readonly PlacedConversation[]) => Promise<string[]>;

/**
 * Writes a corpus to the working folder as one UTF-8 text. `render` renders conversations; without it, their messages are
 * joined as plain text. Throws QS-TEXT-BINARY, QS-TEXT-ENCODING, QS-TEXT-RECORD, QS-INPUT-CHANGED, QS-TEXT-EMPTY for only
 * white space, and the errors of `render`.
 */
export async function assembleCorpus(
  texts: readonly CorpusText[],
  step: CorpusStep,
  render?: RenderConversations,
): Promise<AssembledCorpus> {
  const parts: (TextBlock & { name: string })[] = [];
  for (const [index, text] of texts.entries()) {
    const input = `text${index}`;
    const path = step.input(input);
    if (path === undefined) throw new Error(`the step was planned without its input ${input}`);
    const bytes = await readUnchanged(path, text.sha256 ?? step.digest(input));
    parts.push(...(await readBlocks(path, text.name, bytes)).map((block) => ({ ...block, name: text.name })));
  }
  const rendered = render !== undefined && parts.some(({ conversation }) => conversation !== undefined);
  const blocks = rendered ? await renderParts(parts, render) : parts.map(({ text }) => text);
  const joined = blocks.join("\n\n");
  if (joined.trim() === "") {
    throw new QuantsmithError("QS-TEXT-EMPTY", `the corpus ${quote(corpusName(texts))} contains no text`, {
      remedy: "Use a text file with a few hundred kilobytes of ordinary text.",
    });
  }
  const file = workingName(texts);
  await writeFile(join(step.work, file), joined);
  return { file, rendered };
}

/** Returns the texts of the blocks, of conversations as rendered. */
async function renderParts(
  parts: readonly (TextBlock & { name: string })[],
  render: RenderConversations,
): Promise<string[]> {
  const conversations = parts.flatMap(({ conversation, line, name }) =>
    conversation === undefined ? [] : [{ messages: conversation, place: `line ${line} of ${quote(name)}` }],
  );
  const rendered = (await render(conversations)).values();
  return parts.map(({ text, conversation }) => (conversation === undefined ? text : (rendered.next().value ?? "")));
}

/** Returns the name of a corpus on the model card: the names of its texts. */
export function corpusName(texts: readonly CorpusText[]): string {
  return texts.map((text) => text.name).join(" + ");
}

function workingName(texts: readonly CorpusText[]): string {
  const name = texts.length === 1 ? basename(corpusName(texts)) : "corpus.txt";
  // A name that starts with "-" would be parsed as a flag; .gguf and .kld would collide with the tools' own files.
  const suffix = /\.(gguf|kld)$/i.test(name) || isJsonLines(name) ? ".txt" : "";
  return `${name.startsWith("-") ? "_" : ""}${name}${suffix}`;
}

/** Returns the error for a corpus that must contain conversations. */
export function noConversationError(texts: readonly CorpusText[]): QuantsmithError {
  return new QuantsmithError(
    "QS-TEXT-CONVERSATION",
    `the corpus ${quote(corpusName(texts))} contains no conversation`,
    {
      remedy: 'Use `default` or a .jsonl file with "messages" on each line, or remove `chatTemplate`.',
    },
  );
}
