import { canonicalJson, type Json } from "./canonical-json.js";
import { sha256 } from "./sha256.js";

/** Renders an object as JSON with a checksum of its other members, so that damage is detected; with `indent` 0, as one line. */
export function renderChecked(data: object, indent = 2): string {
  const checksum = sha256(canonicalJson(data as Json));
  return `${JSON.stringify({ ...data, checksum }, null, indent)}\n`;
}

/** Parses text of `renderChecked`, without the checksum; undefined for damaged text. Does not check the object's shape. */
export function parseChecked(text: string): object | undefined {
  try {
    const { checksum, ...data } = JSON.parse(text) as { checksum?: unknown };
    return checksum === sha256(canonicalJson(data as Json)) ? data : undefined;
  } catch {
    return undefined;
  }
}
