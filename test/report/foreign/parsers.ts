import MarkdownIt from "markdown-it";
import { type DefaultTreeAdapterMap, parse } from "parse5";

/** CommonMark with tables, and with links made of addresses in text as on GitHub. */
const markdown = new MarkdownIt({ html: true, linkify: true });
markdown.linkify.set({ fuzzyLink: true, fuzzyEmail: true });
// Markdown-it removes links to scripts, which other renderers keep.
markdown.validateLink = () => true;

const body = (text: string) => text.replace(/^---\n[\s\S]*?\n---\n/, "");

/** Returns a Markdown file without front matter as HTML. */
export function renderedMarkdown(text: string): string {
  return markdown.render(body(text));
}

export interface CodeBlock {
  language: string;
  code: string;
}

export interface MarkdownParts {
  links: string[];
  hosts: string[];
  images: string[];
  code: CodeBlock[];
}

/** Returns the links, images and code blocks of a Markdown file. */
export function markdownParts(text: string): MarkdownParts {
  const elements = elementsOf(renderedMarkdown(text));
  const links = elements.flatMap(({ attributes: { href } }) => (href === undefined ? [] : [href]));
  return {
    links,
    hosts: links.flatMap((link) => (URL.canParse(link) ? [new URL(link).host] : [])),
    images: elements.flatMap(({ attributes: { src } }) => (src === undefined ? [] : [src])),
    code: markdown
      .parse(body(text), {})
      .filter(({ type }) => type === "fence" || type === "code_block")
      .map(({ info, content }) => ({ language: info, code: content })),
  };
}

export interface Element {
  tag: string;
  attributes: Record<string, string>;
}

/** Returns the elements of an HTML document or fragment, in order, as a browser parses them. */
export function elementsOf(html: string): Element[] {
  const elements: Element[] = [];
  const visit = (node: DefaultTreeAdapterMap["node"]) => {
    if ("tagName" in node) {
      elements.push({
        tag: node.tagName,
        attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])),
      });
    }
    for (const child of "childNodes" in node ? node.childNodes : []) visit(child);
  };
  visit(parse(html));
  return elements;
}

/**
 * Parses a Modelfile like Ollama's parser: a command and its value up to the end of the line, or of the line that ends a
 * quoted value; `#` begins a comment line. Throws for an unknown command.
 */
export function parseModelfile(text: string): { name: string; value: string }[] {
  const commands: { name: string; value: string }[] = [];
  const lines = text.split("\n");
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, command = "", rest = ""] = /^\s*([A-Za-z]+)[ \t]+(.*)$/s.exec(line) ?? [];
    const [, parameter, first = rest] = command === "PARAMETER" ? (/^(\w+)[ \t]+(.*)$/s.exec(rest) ?? []) : [];
    if (!["FROM", "PARAMETER", "SYSTEM"].includes(command)) throw new SyntaxError(`unknown command ${line}`);
    let value = first;
    while (!isComplete(value.trim())) {
      const next = lines.shift();
      if (next === undefined) throw new SyntaxError(`unterminated value of ${command}`);
      value += `\n${next}`;
    }
    commands.push({ name: parameter ?? command, value: value.trim() });
  }
  return commands;
}

function isComplete(value: string): boolean {
  if (value.startsWith('"""')) return value.length >= 6 && value.endsWith('"""');
  return value !== "" && (!value.startsWith('"') || (value.length >= 2 && value.endsWith('"')));
}

const literals = {
  /** No interpolation, which is `\(`. */
  swift: /"(?:[^"\\\p{Cc}]|\\[0\\tnr"']|\\u\{[0-9a-f]{1,8}\})*"/gu,
  /** No template, which begins with `$`. */
  kotlin: /"(?:[^"\\$\p{Cc}]|\\[tbnr"'\\$]|\\u[0-9a-f]{4})*"/gu,
};

/** Returns code with empty string literals; text that does not belong to a literal of the language remains. */
export function withoutStrings(language: keyof typeof literals, code: string): string {
  return code.replace(literals[language], '""');
}
