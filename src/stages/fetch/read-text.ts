import { readFile, stat } from "node:fs/promises";
import { brokenLimit, type JsonExtent } from "./scan-json.js";

/** Reads a small file. Throws a RangeError above `maxBytes`. */
export async function readBytes(path: string, maxBytes: number): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new RangeError(`it has ${size} bytes, more than ${maxBytes}`);
  return readFile(path);
}

/** JSON text within limits, as UTF-8. Throws a RangeError for a broken limit and a TypeError for malformed UTF-8. */
export function decodeJson(bytes: Uint8Array, limits: Partial<JsonExtent>): string {
  const broken = brokenLimit(bytes, limits);
  if (broken !== undefined) throw new RangeError(broken);
  return decodeUtf8(bytes);
}

/** Decodes bytes as UTF-8 and throws a TypeError where Buffer.toString would put replacement characters. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
