import { escapedControls, printableJson } from "../../util/printable.js";

/** HTML that is safe to insert into a page. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlPart = Html | string | number | undefined | readonly HtmlPart[];

/**
 * Template tag that escapes inserted values, so that names, prompts and model answers are never parsed as markup.
 * `Html` is inserted unchanged, lists are joined, undefined is omitted. Attribute values need quotes.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(strings.map((string, index) => string + render(parts[index])).join(""));
}

function render(part: HtmlPart): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(render).join("");
  return escapeHtml(String(part));
}

/** A data block for the page's script. Its text cannot end the element: JSON has "<" only in strings. */
export function embedJson(id: string, data: object): Html {
  const text = printableJson(data).replaceAll("<", "\\u003c");
  return html`<script type="application/json" id="${id}">${new Html(text)}</script>
`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that change the direction of the text after them. */
const directionMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Escapes text for markup. */
function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/**
 * Replaces what HTML forbids or would hide: control characters become the replacement character, and text direction
 * marks visible escapes.
 */
export function visibleText(text: string): string {
  return (
    text
      .replace(directionMarks, escapedControls)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are replaced.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd")
  );
}
