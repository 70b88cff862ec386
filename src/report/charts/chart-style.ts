/**
 * Style of all charts, repeated in each file because a chart is also shown alone. Charts have their own background:
 * images do not always receive the dark colour scheme of the page. Blue and orange are distinguishable for colour-blind
 * readers, and shapes repeat their meaning.
 */
export const chartStyle = `
.qs-chart { color: #1f2328; font: 13px system-ui, sans-serif; max-width: 100%; height: auto; }
.qs-chart text { fill: currentColor; white-space: pre; }
.qs-chart .title { font-size: 15px; font-weight: 600; text-anchor: start; }
.qs-chart .start { text-anchor: start; }
.qs-chart .end { text-anchor: end; }
.qs-chart .note { fill: #59636e; }
.qs-chart .surface { fill: #ffffff; }
.qs-chart .grid { stroke: #d1d9e0; stroke-opacity: 1; }
.qs-chart .preset { stroke: #0969da; fill: #0969da; }
.qs-chart .dynamic { stroke: #bc4c00; fill: #bc4c00; }
.qs-chart .comparator { stroke: #6e7781; fill: #6e7781; }
.qs-chart .failed { stroke: #6e7781; fill: none; }
.qs-chart .lack { stroke: #bc4c00; fill: none; }
.qs-chart .light text { fill: #ffffff; }
.qs-chart .dark text { fill: #000000; }
@media (prefers-color-scheme: dark) {
  .qs-chart { color: #f0f6fc; }
  .qs-chart .note { fill: #9198a1; }
  .qs-chart .surface { fill: #0d1117; }
  .qs-chart .grid { stroke: #3d444d; }
  .qs-chart .preset { stroke: #58a6ff; fill: #58a6ff; }
  .qs-chart .dynamic { stroke: #f0883e; fill: #f0883e; }
  .qs-chart .comparator { stroke: #9198a1; fill: #9198a1; }
  .qs-chart .failed { stroke: #9198a1; }
  .qs-chart .lack { stroke: #f0883e; }
}
`;
