import MarkdownIt from "markdown-it";
import { Html, html, visibleText } from "../../report/html/html.js";
import type { Page } from "./layout.js";

type Rule = NonNullable<MarkdownIt["renderer"]["rules"][string]>;
type Token = Parameters<Rule>[0][number];

/** Limit of all addresses on a page, beyond which links lead nowhere: thousands of links may share one long address. */
const maxAddressCharacters = 2 ** 20;

/** Returns the address of a file of the release; undefined if the release does not list it. */
type AddressOf = (path: string) => string | undefined;

/** A model card without its front matter. */
export function cardPage(name: string, text: string, addressOf: AddressOf): Page {
  const body = html`<p class="quiet">As the Hub shows it; <a href="${addressOf("README.md") ?? ""}">README.md</a> also contains the metadata.</p>
<div class="card">
${renderCard(text, addressOf)}</div>
`;
  return { title: `Model card of ${name}`, body };
}

/**
 * Renders Markdown of unknown origin: markup in it stays text, except folded sections, and so does a link that leads
 * neither to the web nor to a listed file. Images of other servers are replaced by their description.
 */
function renderCard(text: string, addressOf: AddressOf): Html {
  const markdown = new MarkdownIt({ html: false });
  const isWeb = (url: string) => /^https?:\/\//i.test(url);
  const target = (url: string) => (isWeb(url) ? url : addressOf(pathOf(url)));
  markdown.validateLink = (url) => target(url) !== undefined;
  let left = maxAddressCharacters;
  const attribute = (name: string, url: string): [string, string][] => {
    const address = target(url) ?? "";
    left -= address.length;
    return left < 0 ? [] : [[name, address]];
  };
  const { rules } = markdown.renderer;
  const image = rules.image;
  rules.link_open = changed((link) => {
    link.attrs = attribute("href", link.attrGet("href") ?? "");
  });
  rules.image = (tokens, index, options, env, self) => {
    const token = tokens[index];
    const url = token?.attrGet("src") ?? "";
    if (image === undefined || token === undefined || isWeb(url)) return html`${token?.content}`.text;
    token.attrs = [...attribute("src", url), ["alt", ""]]; // The renderer fills `alt`.
    return image(tokens, index, options, env, self);
  };
  // The page's policy forbids style attributes.
  rules.th_open = rules.td_open = changed((cell) => {
    cell.attrs = cell.attrGet("style") === "text-align:right" ? [["class", "right"]] : null;
  });
  rules.table_open = () => '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>\n';
  rules.table_close = () => "</table></div>\n";
  const rendered = markdown.render(visibleText(text).replace(/^---\r?\n[\s\S]*?\n---\r?\n/, ""));
  return new Html(
    rendered
      .replace(/<p>&lt;details&gt;&lt;summary&gt;(.*)&lt;\/summary&gt;<\/p>/g, "<details><summary>$1</summary>")
      .replaceAll("<p>&lt;/details&gt;</p>", "</details>"),
  );
}

/** Returns a rule that changes a token before it is rendered as usual. */
function changed(change: (token: Token) => void): Rule {
  return (tokens, index, options, _env, self) => {
    const token = tokens[index];
    if (token !== undefined) change(token);
    return self.renderToken(tokens, index, options);
  };
}

/** Returns the path of a relative address, without `./` and what follows it; empty if it is malformed. */
function pathOf(url: string): string {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/, "").replace(/^(?:\.\/)+/, ""));
  } catch {
    return "";
  }
}
