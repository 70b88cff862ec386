import { isUtf8 } from "node:buffer";
import { type GgufRule, invalidGguf } from "./errors.js";
import type { HeaderReader } from "./header-reader.js";

/**
 * Reads a length-prefixed UTF-8 string of at most `maxBytes` bytes. `what` names it in errors, `rule`
 * is the one a too long string breaks.
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
  // U+FFFD is also a legal character and stands in real vocabularies, so only then look at the bytes.
  if (text.includes("\uFFFD") && !isUtf8(reader.previous(bytes))) {
    throw invalidGguf(reader.path, "utf-8", start + 8, `${what} is not valid UTF-8`);
  }
  return text;
}

/** Reads a key or tensor name: not empty, and no zero byte, at which C programs would cut it off. */
export async function readName(reader: HeaderReader, maxBytes: number, rule: GgufRule, what: string): Promise<string> {
  const start = reader.position;
  const name = await readString(reader, maxBytes, rule, what);
  if (name === "") throw invalidGguf(reader.path, rule, start, `${what} is empty`);
  if (name.includes("\0")) throw invalidGguf(reader.path, rule, start + 8, `${what} contains a zero byte`);
  return name;
}
