import { isUtf8 } from "node:buffer";
import { type GgufRule, invalidGguf } from "./errors.js";
import type { HeaderReader } from "./header-reader.js";

/**
 * Reads a length-prefixed UTF-8 string of at most `maxBytes` bytes. `what` names it in errors; a longer string breaks
 * `rule`. Throws QS-GGUF-INVALID and QS-GGUF-TRUNCATED.
 */
export async function readString(
  reader: HeaderReader,
  maxBytes: number,
  rule: GgufRule,
  what: string,
): Promise<string> {
  const start = reader.position;
  const lengthThere = reader.need(8);
  if (lengthThere !== undefined) await lengthThere;
  const bytes = reader.u64();
  if (bytes > maxBytes) {
    throw invalidGguf(reader.path, rule, start, `${what} is ${bytes} bytes long, more than ${maxBytes}`);
  }
  const bytesThere = reader.need(bytes);
  if (bytesThere !== undefined) await bytesThere;
  const text = reader.takeText(bytes);
  // U+FFFD also occurs legitimately in vocabularies, so only its presence needs a check of the bytes.
  if (text.includes("\uFFFD") && !isUtf8(reader.previous(bytes))) {
    throw invalidGguf(reader.path, "utf-8", start + 8, `${what} is not valid UTF-8`);
  }
  return text;
}

/** Reads a key or tensor name, which must not be empty or contain a zero byte: C programs would truncate it there. */
export async function readName(reader: HeaderReader, maxBytes: number, rule: GgufRule, what: string): Promise<string> {
  const start = reader.position;
  const name = await readString(reader, maxBytes, rule, what);
  if (name === "") throw invalidGguf(reader.path, rule, start, `${what} is empty`);
  if (name.includes("\0")) throw invalidGguf(reader.path, rule, start + 8, `${what} contains a zero byte`);
  return name;
}
