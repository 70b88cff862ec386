/**
 * Replaces the content of every JSON string with spaces, so that the result can be searched for bare words. Keeps the
 * length; linear time on any text.
 */
function blankStrings(text: string): string {
  const parts: string[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('"', position);
    if (open === -1) break;
    let close = open + 1;
    while (close < text.length && text[close] !== '"') close += text[close] === "\\" ? 2 : 1;
    close = Math.min(close, text.length);
    parts.push(text.slice(position, open + 1), " ".repeat(close - open - 1), text.slice(close, close + 1));
    position = close + 1;
  }
  parts.push(text.slice(position));
  return parts.join("");
}

/** Value for NaN and ±Infinity: null, or Infinity, which code that requires a finite number rejects. */
export type NonFinite = "null" | "infinity";

/**
 * Parses JSON as Python writes it, with NaN, Infinity and -Infinity, which real config.json files contain.
 * Throws a SyntaxError like JSON.parse.
 */
export function parsePythonJson(text: string, nonFinite: NonFinite = "null"): unknown {
  // A valid JSON number that parses to Infinity.
  const instead = nonFinite === "null" ? "null" : "1e999";
  const bare = blankStrings(text);
  const parts: string[] = [];
  let position = 0;
  for (const match of bare.matchAll(/-?\bInfinity\b|\bNaN\b/g)) {
    parts.push(text.slice(position, match.index), instead);
    position = match.index + match[0].length;
  }
  return JSON.parse(parts.join("") + text.slice(position));
}

/** Returns true for a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
