import { quote } from "./quote.js";

/** A member name with its colon, another string, or a bracket of valid JSON. */
const token = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g;

/**
 * Parses JSON whose members have one meaning for every reader. Throws a SyntaxError as JSON.parse does, and for duplicate
 * members, of which some parsers use the first and some the last, and for `__proto__`.
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const open: Set<string>[] = [];
  for (const [found, name, colon] of text.matchAll(token)) {
    if (found === "{" || found === "[") open.push(new Set());
    else if (found === "}" || found === "]") open.pop();
    else if (name !== undefined && colon !== undefined) {
      const key = JSON.parse(name) as string;
      const names = open.at(-1);
      if (names?.has(key) === true) throw new SyntaxError(`it contains ${quote(key)} twice in one object`);
      if (key === "__proto__") throw new SyntaxError(`it contains the member ${quote(key)}`);
      names?.add(key);
    }
  }
  return value;
}
