/** Longest quote, in characters. */
const longest = 80;
/** Characters that JSON does not escape and a terminal interprets: C1 controls, text direction marks, line separators. */
const unprintable = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Quotes external text for a message: in double quotes, cut to 80 characters, with control and text-direction characters
 * escaped so that they cannot change the terminal.
 */
export function quote(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
  return JSON.stringify(short).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Returns quoted names as a list, the last joined by a word: `"a", "b" or "c"`. */
export function quoteList(names: readonly string[], joint: "or" | "and"): string {
  const quoted = names.map(quote);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} ${joint} ${last}`;
}
