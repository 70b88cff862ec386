/**
 * Bytes by their character in a byte-level vocabulary: printable Latin-1 characters represent themselves, characters from
 * U+0100 represent the other bytes (GPT-2's encoder.py, `bytes_to_unicode`).
 */
const byteOf: ReadonlyMap<string, number> = table();

function table(): Map<string, number> {
  const bytes = new Map<string, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    bytes.set(String.fromCharCode(printable ? byte : 256 + moved++), byte);
  }
  return bytes;
}

/** Decodes a token of a byte-level vocabulary; returns a token with any other character unchanged. */
export function decodeByteLevel(token: string): string {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOf.get(character);
    if (byte === undefined) return token;
    bytes.push(byte);
  }
  return Buffer.from(bytes).toString("utf8");
}

const characterOf: ReadonlyMap<number, string> = new Map([...byteOf].map(([character, byte]) => [byte, character]));

/** Encodes a text for a byte-level vocabulary, one character per UTF-8 byte. */
export function encodeByteLevel(text: string): string {
  return [...Buffer.from(text)].map((byte) => characterOf.get(byte)).join("");
}
