/** Longest quote, in characters. */
const longest = 80;
/** What JSON leaves as it is and a terminal acts on: C1 controls, marks of text direction, separators of lines. */
const unprintable = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Returns a text from outside in double quotes for a message: cut to 80 characters, with control and text-direction
 * characters escaped, so that it cannot rewrite the terminal around it.
 */
export function quote(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
  return JSON.stringify(short).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Returns names, each quoted, the last joined by a word: `"a", "b" or "c"`. */
export function quoteList(names: readonly string[], joint: "or" | "and"): string {
  const quoted = names.map(quote);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} ${joint} ${last}`;
}
