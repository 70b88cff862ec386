import { QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import { type Conversation, readConversation } from "./conversation.js";
import { maxTextBytes } from "./read-unchanged.js";

/** A block of a text file: a whole plain file, or one record of a `.jsonl` file. */
export type TextBlock =
  /** `line` is the block's first line; a record occupies one line. */
  { line: number; text: string; conversation?: Conversation };

/** Returns true for a file with one JSON record per line. */
export function isJsonLines(name: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(name);
}

/**
 * Reads a text file: plain text as one block, `.jsonl` as one block per line, from its `text` or its `messages`.
 * `name` determines the format, since a path in the Hub cache does not. `bytes` is the content, if already read.
 * Throws QS-TEXT-BINARY, QS-TEXT-ENCODING and QS-TEXT-RECORD with the line.
 */
export async function readBlocks(path: string, name = path, bytes?: Uint8Array): Promise<TextBlock[]> {
  const text = decode(bytes ?? (await readRegular(path, maxTextBytes)), path);
  if (!isJsonLines(name)) return [{ line: 1, text }];
  return text
    .split("\n")
    .flatMap((line, index) => (line.trim() === "" ? [] : [record(line, { file: path, line: index + 1 })]));
}

function record(line: string, at: { file: string; line: number }): TextBlock {
  const value = parse(line);
  if (typeof value === "object" && value !== null) {
    const { text, messages } = value as { text?: unknown; messages?: unknown };
    if (typeof text === "string") return { line: at.line, text };
    const conversation = readConversation(messages);
    if (conversation !== undefined) {
      return { line: at.line, text: conversation.map(({ content }) => content).join("\n\n"), conversation };
    }
  }
  throw new QuantsmithError("QS-TEXT-RECORD", `line ${at.line} of ${at.file} is not a text record`, {
    remedy: 'Write one JSON object per line, with "text" or with "messages" of "role" and "content".',
    at,
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function decode(bytes: Uint8Array, path: string): string {
  if (bytes.subarray(0, 65_536).includes(0)) {
    throw new QuantsmithError("QS-TEXT-BINARY", `${path} is a binary file, not text`, {
      remedy: "Use plain text or .jsonl: extract texts from Parquet, Arrow and archives first.",
      at: { file: path },
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new QuantsmithError("QS-TEXT-ENCODING", `${path} is not UTF-8 text`, {
      remedy: "Save the text as UTF-8.",
      at: { file: path },
      cause,
    });
  }
}
