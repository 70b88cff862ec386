import { formatKld, formatMegabytes, gateCell, smokeCell } from "../../release/figures.js";
import type { RunReport } from "../../release/release-report.js";
import { type Html, html } from "../../report/html/html.js";
import { formatBytes } from "../../util/bytes.js";
import { link, type Page, problemNote, table } from "./layout.js";
import type { ReleaseEntry } from "./releases.js";

/** A release: its variants, charts and files. `files` has path and bytes of those that may be opened. */
export function releasePage(
  { name, report, problem }: ReleaseEntry,
  files: ReadonlyMap<string, number>,
  root: string,
): Page {
  const address = (path: string) => link(root, "releases", name, ...path.split("/"));
  const charts = [...files.keys()].filter((path) => /^assets\/[^/]+\.svg$/.test(path));
  const pages = [
    { path: "report.html", text: "Report with all figures", target: address("report.html") },
    { path: "README.md", text: "Model card", target: `${root}card?release=${encodeURIComponent(name)}` },
  ].filter(({ path }) => files.has(path));
  const body = html`${problem === undefined ? undefined : problemNote(problem)}${report === undefined ? undefined : summary(report)}${pages.length === 0 ? undefined : html`<p>${pages.map(({ text, target }, index) => html`${index === 0 ? "" : " · "}<a href="${target}">${text}</a>`)}</p>\n`}${report === undefined ? undefined : variantSection(report, files, address)}${
    charts.length === 0
      ? undefined
      : html`<h2>Charts</h2>
<div class="charts">
${charts.map((path) => html`<a href="${address(path)}"><img src="${address(path)}" alt="${path.slice("assets/".length)}"></a>\n`)}</div>
`
  }<h2>Files</h2>
<ul>
${[...files].map(([path, bytes]) => html`<li><a href="${address(path)}">${path}</a> <small>${formatBytes(bytes)}</small></li>\n`)}</ul>
`;
  return { title: name, body };
}

function summary({ model, recipe }: RunReport): Html {
  const source = model.commit === null ? model.source : `${model.source} at ${model.commit}`;
  return html`<p class="quiet">${[model.name, source, model.architecture, recipe].filter((part) => part !== null).join(" · ")}</p>\n`;
}

function variantSection(
  { variants }: RunReport,
  files: ReadonlyMap<string, number>,
  address: (path: string) => string,
): Html {
  const rows = variants.map((variant) => {
    const { name, file, bytes, bitsPerWeight, quality, smoke } = variant;
    return [
      files.has(file) ? html`<a href="${address(file)}">${name}</a>` : name,
      formatMegabytes(bytes),
      bitsPerWeight.toFixed(2),
      quality === null ? "–" : formatKld(quality),
      quality === null ? "–" : `${quality.sameTop.toFixed(2)} %`,
      smokeCell(smoke),
      gateCell(variant),
    ];
  });
  const titles = ["Variant", "Size", "BPW", "Mean KLD", "Same top", "Smoke", "Gate"];
  return html`<h2>Variants</h2>\n${table("Variants", titles, rows)}`;
}
