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
main { max-width: 1240px; margin: 0 auto; padding: 24px 16px 48px; }
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
.scroll > svg { display: block; margin: 0 auto; }
.narrow > svg { min-width: 480px; }
.wide > svg { min-width: 760px; }
table { overflow-wrap: normal; border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
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
  .narrow > svg, .wide > svg { min-width: 0; width: 100%; height: auto; }
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
`;
