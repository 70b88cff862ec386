import { printableLine } from "../util/printable.js";

/** A table cell: text to escape, or Markdown from escaped parts. */
export type MarkdownCell = string | { readonly markdown: string };

/** Escapes text for Markdown: control characters, line breaks, workflow commands, tags, links, code and emphasis. */
export function markdownText(text: string): string {
  return printableLine(text).replace(/[\\`*<>[\]|~]|&(?=#?\w+;)/g, "\\$&");
}

/** Returns a code span whose fence is longer than any in the text. */
export function codeSpan(text: string): string {
  const shown = printableLine(text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${shown}${fence}` : `${fence} ${shown} ${fence}`;
}

/** Returns a link to a web page or a file relative to the card; for other targets the title alone. */
export function markdownLink(title: string, target: string): string {
  if (!/^(https?:\/\/|\.\/)/i.test(target)) return markdownText(title);
  // Percent signs stay: the address may already be encoded.
  const address = encodeURI(target)
    .replaceAll("%25", "%")
    .replace(/[()|]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
  return `[${markdownText(title)}](${address})`;
}

/** Returns a GitHub-flavoured table. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly MarkdownCell[])[]): string {
  const line = (cells: readonly MarkdownCell[]) =>
    `| ${cells.map((cell) => (typeof cell === "string" ? markdownText(cell) : cell.markdown)).join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}
