/** Style of report.html: one column, system fonts, light and dark; wide content scrolls in its own box. */
export const pageStyle = `
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --page: #f6f8fa; --card: #ffffff;
  --line: #d1d9e0; --good: #1a7f37; --bad: #cf222e; --link: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f0f6fc; --quiet: #9198a1; --page: #010409; --card: #0d1117;
    --line: #3d444d; --good: #3fb950; --bad: #f85149; --link: #4493f8; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 1280px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.2rem; margin: 36px 0 10px; }
p { margin: 0 0 10px; }
a { color: var(--link); }
code { font: 0.9em ui-monospace, monospace; }
.quiet { color: var(--quiet); font-size: 0.9rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.warning { border-left: 4px solid var(--bad); padding: 8px 12px; background: var(--card); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--card);
  margin: 0 0 16px; }
.chart > svg { display: block; margin: 0 auto; min-width: 480px; }
table { overflow-wrap: normal; border-collapse: collapse; width: 100%; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
th, td { padding: 7px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; }
th:first-child { text-align: left; }
.words td, .words th { text-align: left; }
.words td:last-child { white-space: normal; min-width: 16em; }
details .words td:last-child { white-space: nowrap; min-width: 0; }
small { font-weight: 400; color: var(--quiet); }
thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; white-space: normal; }
th:first-child { position: sticky; left: 0; background: var(--card); border-right: 1px solid var(--line); }
@media (max-width: 600px) {
  th:first-child { min-width: 7em; max-width: 36vw; white-space: normal; overflow-wrap: break-word; }
  .chart > svg { min-width: 0; width: 100%; height: auto; }
}
dl { display: grid; grid-template-columns: minmax(110px, max-content) 1fr; gap: 4px 16px; margin: 0 0 12px; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 6px; margin: 0 0 8px; }
summary { padding: 8px 12px; cursor: pointer; }
details > .scroll { border: 0; border-top: 1px solid var(--line); border-radius: 0; margin: 0; }
.answers { padding: 0 12px 8px; }
.answers dl { grid-template-columns: 1fr; gap: 0; margin: 8px 0; }
.answers dd { white-space: pre-wrap; border-left: 3px solid var(--line); padding-left: 10px; margin: 2px 0; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
th button { font-weight: inherit; text-align: inherit; text-decoration: underline dotted; text-underline-offset: 3px; }
th button:hover { color: var(--text); }
[aria-sort] button::after { content: " \\2191"; }
[aria-sort=descending] button::after { content: " \\2193"; }
.buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 0 0 10px; }
.buttons[hidden], [data-scale][hidden] { display: none; }
.buttons button { border: 1px solid var(--line); border-radius: 6px; background: var(--card); padding: 4px 10px; }
.buttons [aria-pressed=true] { border-color: var(--link); box-shadow: inset 0 0 0 1px var(--link); }
.ramp { display: inline-block; width: 120px; height: 0.8em; border-radius: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 0; padding: 0 12px 8px; font-size: 0.875rem; }
.swatch { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 5px; }
.map { width: auto; min-width: 100%; }
.map th, .map td { padding: 3px 4px; font-size: 0.75rem; }
.map td, .map thead th { text-align: center; border: 1px solid var(--card); }
.map thead th:first-child { text-align: left; }
.tall td, .tall thead th { padding: 3px 1px; min-width: 18px; }
.tall td:not([colspan]) { writing-mode: vertical-rl; }
#tip { position: fixed; z-index: 1; max-width: min(340px, calc(100vw - 16px)); padding: 6px 10px; border-radius: 6px;
  background: var(--text); color: var(--page); font-size: 0.8125rem; white-space: pre-line; pointer-events: none; }
@media print {
  body { background: none; font-size: 11px; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  tr, svg, dl { break-inside: avoid; }
  .scroll { overflow: visible; border: 0; }
  .buttons, #tip { display: none; }
  th:first-child { position: static; }
  table { font-size: 8px; }
  th, td, .words td:last-child { padding: 2px; white-space: normal; min-width: 0; }
  th button { text-decoration: none; }
  .map th, .map td { font-size: 5px; padding: 1px 0; min-width: 0; }
  td, .swatch, .ramp { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; height: auto; }
}
`;
