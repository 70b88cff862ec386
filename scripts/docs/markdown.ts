/** Markdown table; `|` and line breaks in cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => escapeTags(escapeCell(cell))).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

export const code = (text: string) => `\`${text}\``;

/** A name at the start of a sentence: `hf:…`, `f32`, `npm`. */
const literal = /^([a-z]+:|[a-z]+\d|npm\b)/;

/** First letter in upper case, except of a literal; full stop at the end. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const first = literal.test(trimmed) ? trimmed.slice(0, 1) : trimmed.slice(0, 1).toUpperCase();
  return `${first}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
}

/** Removes "(default: all)" or "(default 4)" from a description. */
export function splitDefault(text: string): { text: string; fallback: string } {
  const match = /\s*\(default:? ([^()]+)\)/.exec(text);
  return match?.[1] === undefined ? { text, fallback: "" } : { text: text.replace(match[0], ""), fallback: match[1] };
}

/** Blocks of a page with a blank line between them. */
export function page(...blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** Escapes `<name>` outside backticks, so that it is not read as HTML. */
function escapeTags(text: string): string {
  return text.replace(/`[^`]*`|</g, (match) => (match === "<" ? "\\<" : match));
}
