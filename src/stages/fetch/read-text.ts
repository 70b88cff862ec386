import { readFile, stat } from "node:fs/promises";

/** Reads a small UTF-8 file. Throws a RangeError above `maxBytes` and a TypeError for malformed UTF-8. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new RangeError(`it has ${size} bytes, more than ${maxBytes}`);
  return decodeUtf8(await readFile(path));
}

/** Decodes bytes as UTF-8 and throws a TypeError where Buffer.toString would put replacement characters. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
