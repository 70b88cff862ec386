import { quote } from "./quote.js";

/** Nesting limit, far above the files of a release: functions that call themselves for each level have a small stack. */
const maximumDepth = 100;

/**
 * Parses JSON whose members have one meaning for every reader. Throws a SyntaxError as JSON.parse does, and for duplicate
 * members, of which some parsers use the first and some the last, for `__proto__`, and for more than 100 levels.
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  requireUniqueNames(text);
  return value;
}

/** Scans valid JSON: outside of strings, only brackets and the colons after names matter. */
function requireUniqueNames(text: string): void {
  const open: Set<string>[] = [];
  for (let position = 0; position < text.length; position++) {
    const character = text[position];
    if (character === "{" || character === "[") {
      open.push(new Set());
      if (open.length > maximumDepth) throw new SyntaxError(`it is nested deeper than ${maximumDepth} levels`);
    } else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const start = position;
      position = endOfString(text, start);
      if (!isName(text, position + 1)) continue;
      const name = JSON.parse(text.slice(start, position + 1)) as string;
      const names = open.at(-1);
      if (names?.has(name) === true) throw new SyntaxError(`it contains ${quote(name)} twice in one object`);
      if (name === "__proto__") throw new SyntaxError(`it contains the member ${quote(name)}`);
      names?.add(name);
    }
  }
}

/** Returns the position of the quotation mark that ends the string starting at `start`. */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (text[position] !== '"') position += text[position] === "\\" ? 2 : 1;
  return position;
}

/** True if a colon follows, so that the string before it is a name. */
function isName(text: string, end: number): boolean {
  let position = end;
  while (/^\s$/.test(text[position] ?? "")) position += 1;
  return text[position] === ":";
}
