import { createHash } from "node:crypto";
import { Html, html } from "../../report/html/html.js";
import { pageStyle } from "../../report/html/page-style.js";
import type { ErrorReport } from "../../util/error-report.js";

const style = `${pageStyle}
nav { margin: 0 0 16px; }
pre { font: 0.8125rem/1.6 ui-monospace, monospace; margin: 0; padding: 12px; overflow-x: auto; }
details pre { white-space: pre-wrap; }
.words td:last-child { min-width: 0; }
tbody th { min-width: 9em; max-width: 20em; white-space: normal; overflow-wrap: anywhere; }
form { display: flex; flex-wrap: wrap; align-items: end; gap: 12px 16px; margin: 0 0 16px; }
label { max-width: 100%; font-size: 0.875rem; color: var(--quiet); }
select, input, form button { display: block; max-width: min(100%, 24em); height: 2.5em; font: inherit; font-size: 1rem;
  color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0 10px; }
input { width: 24em; }
form button { border-color: var(--link); }
.card img { max-width: 100%; }
.card th, .card td { position: static; text-align: left; }
.card .right { text-align: right; }
.card details > :not(summary, .scroll) { margin: 0 12px 10px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 16px; }
.charts img { width: 100%; border: 1px solid var(--line); border-radius: 6px; }
`;

/** Repeats the page's live parts every second while the run goes on. Parts that stay equal are not touched. */
const liveScript = `"use strict";
async function update() {
  let running = true;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    running = page.querySelector("[data-running]") !== null;
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = page.getElementById(part.id);
      if (next !== null && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
    }
  } catch {
    document.getElementById("state").textContent = "quantsmith serve does not answer. Start it again and open its new address.";
  }
  if (running) setTimeout(update, 1000);
}
setTimeout(update, 1000);
`;

const digest = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Allows what `layout` writes, and images and requests of the same server. */
export const sitePolicy = [
  `default-src 'none'; img-src 'self' data:; connect-src 'self'; style-src ${digest(style)}`,
  `script-src ${digest(liveScript)}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
].join("; ");

export interface Page {
  title: string;
  body: Html;
  /** Whether the parts with `data-live` change. */
  isLive?: boolean;
}

/** Renders a page; `root` is the relative path of the start page. */
export function layout({ title, body, isLive = false }: Page, root: string): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title} · quantsmith</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<nav><a href="${root}">quantsmith</a></nav>
<h1>${title}</h1>
${body}</main>
${isLive ? html`<script>${new Html(liveScript)}</script>\n` : undefined}</body>
</html>
`;
  return page.text;
}

/** A table whose first column has the names of its rows; `label` is read aloud. */
export function table(label: string, titles: readonly string[], rows: readonly (readonly (Html | string)[])[]): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table class="words">
<thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(([first = "", ...cells]) => html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>
`;
}

/** An error or a warning, with what to do. */
export function problemNote({
  code,
  message,
  remedy,
  output,
}: Pick<ErrorReport, "message" | "remedy" | "output"> & { code: string }): Html {
  return html`<div class="warning"><p><strong>${code}</strong> ${message}</p>
${output === undefined ? undefined : html`<pre>${output}</pre>\n`}<p>${remedy}</p></div>
`;
}

/** A path of a link, each name encoded. */
export function link(root: string, ...names: readonly string[]): string {
  return `${root}${names.map(encodeURIComponent).join("/")}`;
}
