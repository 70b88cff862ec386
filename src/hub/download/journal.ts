import { readFile } from "node:fs/promises";

/** What a storage server says a file's content is known by there; only comparable at the same server. */
export interface Validator {
  origin: string;
  etag: string;
}

/** What is known of a partial file. */
export interface JournalState {
  pieces: Set<number>;
  validator: Validator | undefined;
}

/** The head line: a journal of other content or with other pieces is of no use. */
export function journalHead(bytes: number, pieceBytes: number): string {
  return JSON.stringify({ format: 1, bytes, pieceBytes });
}

/** One line per finished piece, and one for the validator. */
export const pieceLine = (piece: number) => `${piece}\n`;
export const validatorLine = (validator: Validator) => `${JSON.stringify(validator)}\n`;

/**
 * Reads the journal of a partial file: undefined when it is missing or about something else. A line that was being
 * written when the process was killed has no end and is left out.
 */
export async function readJournal(path: string, head: string, pieces: number): Promise<JournalState | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
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
