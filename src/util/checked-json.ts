import { canonicalJson, type Json } from "./canonical-json.js";
import { sha256 } from "./sha256.js";

/** A file's text for an object: JSON with a checksum over all the rest, so that damage shows. */
export function renderChecked(data: object): string {
  const checksum = sha256(canonicalJson(data as Json));
  return `${JSON.stringify({ ...data, checksum }, null, 2)}\n`;
}

/** The object again, without its checksum; undefined for any text that is not whole. Its shape is not looked at. */
export function parseChecked(text: string): object | undefined {
  try {
    const { checksum, ...data } = JSON.parse(text) as { checksum?: unknown };
    return checksum === sha256(canonicalJson(data as Json)) ? data : undefined;
  } catch {
    return undefined;
  }
}
