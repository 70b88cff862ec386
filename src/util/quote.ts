import { printableJson } from "./printable.js";
import { redact } from "./redact.js";

/** Longest quote, in characters. */
const longest = 80;
/** Characters in which secrets are looked for: regular expressions overflow the stack on names of many megabytes. */
const searched = 10_000;

/**
 * Quotes external text for a message: in double quotes, cut to 80 characters, with unprintable characters escaped. Secrets
 * are removed before the cut, behind which nobody would recognize them.
 */
export function quote(external: string): string {
  const text = redact(external.slice(0, searched));
  return printableJson(text.length > longest ? `${text.slice(0, longest - 3)}...` : text);
}

/** Returns quoted names as a list, the last joined by a word: `"a", "b" or "c"`. */
export function quoteList(names: readonly string[], joint: "or" | "and"): string {
  const quoted = names.map(quote);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} ${joint} ${last}`;
}
