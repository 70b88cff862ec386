import { isUtf8 } from "node:buffer";
import { exceededLimit, type JsonExtent } from "./scan-json.js";

/** Decodes JSON text within limits. Throws a RangeError for an exceeded limit and a TypeError for malformed UTF-8. */
export function decodeJson(bytes: Buffer, limits: Partial<JsonExtent>): string {
  const broken = exceededLimit(bytes, limits);
  if (broken !== undefined) throw new RangeError(broken);
  return decodeUtf8(bytes);
}

/** Decodes UTF-8. Throws a TypeError where Buffer.toString would insert replacement characters. */
export function decodeUtf8(bytes: Buffer): string {
  // A fatal TextDecoder would also work, but makes a copy of two bytes per character.
  if (!isUtf8(bytes)) throw new TypeError("malformed UTF-8");
  return bytes.toString("utf8");
}
