import { printableLine } from "../util/printable.js";
import { html } from "./html/html.js";

/** A table cell: text to escape, or Markdown from escaped parts. */
export type MarkdownCell = string | { readonly markdown: string };

/** Renderers link addresses in text even if their characters are escaped, but not in code. */
const linkedByRenderers = /:\/\/|www\.|@/i;
/** Characters with a meaning in text; an underscore within a word has none. */
const special = /[\\`*<>[\]|~$]|&(?=#?\w+;)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;

/**
 * Escapes text for Markdown: control characters, line breaks, workflow commands, tags, links, code, emphasis and formulas.
 */
export function markdownText(text: string): string {
  // A table would end its cell at a pipe, also in code.
  if (linkedByRenderers.test(text)) return codeSpan(text.replaceAll("|", "·"));
  return printableLine(text).replace(special, "\\$&");
}

/** Returns a code span whose fence is longer than any in the text. */
export function codeSpan(text: string): string {
  const shown = printableLine(text) || " ";
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${shown}${fence}` : `${fence} ${shown} ${fence}`;
}

/** Returns a link to a web page or a file relative to the card; for other targets the title alone. */
export function markdownLink(title: string, target: string): string {
  if (!/^(https?:\/\/|\.\/)/i.test(target)) return markdownText(title);
  return `[${markdownText(title)}](${address(target)})`;
}

/** Returns an image of the release. */
export function markdownImage(alternative: string, path: string): string {
  return `![${markdownText(alternative)}](${address(`./${path}`)})`;
}

function address(target: string): string {
  // Percent signs stay: the address may already be encoded.
  return encodeURI(target.toWellFormed())
    .replaceAll("%25", "%")
    .replace(/[()|]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
    .replace(/&(?=#?\w+;)/g, "&amp;");
}

/** Returns a GitHub-flavoured table. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly MarkdownCell[])[]): string {
  const line = (cells: readonly MarkdownCell[]) =>
    `| ${cells.map((cell) => (typeof cell === "string" ? markdownText(cell) : cell.markdown)).join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Returns a folded section. GitHub and the Hub render Markdown inside <details> only after an empty line. */
export function markdownDetails(summary: string, body: string): string {
  return `${html`<details><summary>${printableLine(summary)}</summary>`.text}\n\n${body}\n\n</details>`;
}
