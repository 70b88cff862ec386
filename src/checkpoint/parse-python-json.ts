/**
 * JSON text with the content of every string turned into spaces, so that what is left can be searched
 * for punctuation and bare words. Same length as the input; takes linear time on any text.
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

/** What becomes of NaN and ±Infinity: null, or Infinity, which whoever needs a number then refuses. */
export type NonFinite = "null" | "infinity";

/**
 * Parses JSON the way Python writes it: with NaN, Infinity and -Infinity, which real config.json files contain.
 * Throws a SyntaxError like JSON.parse.
 */
export function parsePythonJson(text: string, nonFinite: NonFinite = "null"): unknown {
  // JSON's own way to write a number beyond all.
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

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
