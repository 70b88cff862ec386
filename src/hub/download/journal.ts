import { constants } from "node:fs";
import { readFile } from "node:fs/promises";

/** ETag of a file's content; comparable only between responses of the same server. */
export interface Validator {
  origin: string;
  etag: string;
}

/** Recorded state of a partial file. */
export interface JournalState {
  pieces: Set<number>;
  validator: Validator | undefined;
}

/** Returns the first line; a journal with another first line does not apply to the file. */
export function journalHead(bytes: number, pieceBytes: number): string {
  return JSON.stringify({ format: 1, bytes, pieceBytes });
}

export const pieceLine = (piece: number) => `${piece}\n`;
export const validatorLine = (validator: Validator) => `${JSON.stringify(validator)}\n`;

/**
 * Reads the journal of a partial file; returns undefined if it is missing or its first line differs. Ignores a last
 * line without line break, which a killed process did not finish.
 */
export async function readJournal(path: string, head: string, pieces: number): Promise<JournalState | undefined> {
  // A link is not followed, a pipe not waited for.
  const flag = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const text = await readFile(path, { encoding: "utf8", flag }).catch(() => "");
  const [first, ...lines] = text.split("\n").slice(0, -1);
  if (first !== head) return undefined;
  const state: JournalState = { pieces: new Set(), validator: undefined };
  for (const line of lines) {
    if (/^\d{1,9}$/.test(line) && Number(line) < pieces) state.pieces.add(Number(line));
    else state.validator = parseValidator(line) ?? state.validator;
  }
  return state;
}

function parseValidator(line: string): Validator | undefined {
  try {
    const { origin, etag } = JSON.parse(line) as Partial<Validator>;
    return typeof origin === "string" && typeof etag === "string" ? { origin, etag } : undefined;
  } catch {
    return undefined;
  }
}
