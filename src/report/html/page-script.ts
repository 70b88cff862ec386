/**
 * Script of report.html: sorting, values on hover and focus, colours of the tensors. The page is complete without it.
 * Texts are only inserted as text. In a chart or heat map, arrow keys move between the values.
 */
export const pageScript = `"use strict";
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Values of marks and cells, shown beside them.
const texts = new Map();
const tip = document.getElementById("tip");
let shown;
function place() {
  if (!shown) return;
  const at = shown.getBoundingClientRect();
  const { clientWidth } = document.documentElement;
  const left = Math.max(8, Math.min(at.left + (at.width - tip.offsetWidth) / 2, clientWidth - tip.offsetWidth - 8));
  const above = at.top - tip.offsetHeight - 8;
  tip.style.left = left + "px";
  tip.style.top = (above < 8 ? at.bottom + 8 : above) + "px";
}
function show(target) {
  shown = undefined;
  for (let one = target; one instanceof Element && !shown; one = one.parentElement) if (texts.has(one)) shown = one;
  tip.hidden = !shown;
  if (!shown) return;
  tip.textContent = texts.get(shown)();
  shown.setAttribute("aria-label", tip.textContent);
  place();
}
document.addEventListener("pointerover", ({ target }) => show(target));
document.addEventListener("focusin", ({ target }) => show(target));
document.addEventListener("focusout", () => show(null));
document.addEventListener("keydown", ({ key }) => key === "Escape" && show(null));
document.addEventListener("scroll", place, true);
addEventListener("resize", place);

// One tab stop for all items; arrow keys move between them.
function rove(items, vertical = (_item, by) => by) {
  const select = (selected) => items.forEach((item) => item.setAttribute("tabindex", item === selected ? 0 : -1));
  select(items[0]);
  items.forEach((item, index) => {
    item.addEventListener("focus", () => select(item));
    item.addEventListener("keydown", (event) => {
      const to = {
        ArrowRight: () => index + 1,
        ArrowLeft: () => index - 1,
        ArrowDown: () => vertical(item, 1) + index,
        ArrowUp: () => vertical(item, -1) + index,
        Home: () => 0,
        End: () => items.length - 1,
      }[event.key]?.();
      if (to === undefined) return;
      event.preventDefault();
      items[to]?.focus();
    });
  });
}

for (const svg of all("main svg")) {
  const marks = all(":scope title", svg).filter((title) => title.parentNode !== svg).map((title) => {
    const mark = title.parentNode;
    const text = title.textContent;
    title.remove();
    texts.set(mark, () => text);
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", text);
    return mark;
  });
  if (marks.length === 0) continue;
  svg.setAttribute("role", "group");
  rove(marks);
}

// Sorting by a column; missing values are last.
function order(text) {
  const number = Number.parseFloat(text.replace("−", "-"));
  return { text, number: number * (text.includes(" GB") ? 1000 : 1), missing: text === "" || text === "–" };
}
function compare(a, b) {
  return a.number - b.number || a.text.localeCompare(b.text, "en", { numeric: true });
}
for (const table of all("table.sortable")) {
  const [body] = table.tBodies;
  const heads = all("thead th", table);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const one of heads) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const rows = [...body.rows].map((row) => ({ row, ...order(row.cells[column].textContent) }));
      rows.sort((a, b) => a.missing - b.missing || sign * compare(a, b));
      body.append(...rows.map(({ row }) => row));
    });
  });
}

// Tensors: what tensors.json says of each cell, and its colour.
const maps = all("table.map");
const data = maps.length === 0 ? undefined : JSON.parse(document.getElementById("tensor-data").textContent);
const cells = maps.flatMap((table, map) => {
  const own = all("tbody td:not(:empty)", table);
  rove(own, (cell, by) => {
    let row = cell.parentElement;
    let to;
    do {
      row = by > 0 ? row.nextElementSibling : row.previousElementSibling;
      to = row?.cells[Math.min(cell.cellIndex, row.cells.length - 1)];
    } while (row && !texts.has(to));
    return row ? own.indexOf(to) - own.indexOf(cell) : 0;
  });
  return own.map((cell, index) => {
    const [name, bytes, error, ratio] = data.variants[map][index];
    const alpha = data.alphas[name];
    const damage = error === null || alpha === null ? null : error * alpha;
    const lines = [
      data.names[name],
      cell.textContent + ", " + bytes.toLocaleString("en") + " bytes",
      error !== null && "rounding error " + error.toPrecision(3),
      alpha !== null && "α " + alpha.toPrecision(3) + " nats",
      damage !== null && "predicted KLD " + damage.toPrecision(3),
      ratio !== null && "loss " + (100 * ratio).toFixed(0) + " % of rounding to nearest",
    ];
    texts.set(cell, () => lines.filter(Boolean).join("\\n"));
    return { cell, bits: cell.className, error, damage };
  });
});
function shade(value, [least, most]) {
  if (value === null) return "";
  const share = Math.log(value / least) / Math.log(most / least);
  return "v" + Math.round(Math.min(1, Math.max(0, share)) * (data.shades - 1));
}
const buttons = all(".buttons button");
for (const group of all(".buttons")) group.hidden = false;
for (const button of buttons) {
  button.addEventListener("click", () => {
    const { value } = button;
    for (const one of buttons) one.setAttribute("aria-pressed", one === button);
    for (const scale of all("[data-scale]")) scale.hidden = scale.dataset.scale !== value;
    for (const one of cells) one.cell.className = value === "bits" ? one.bits : shade(one[value], data.scales[value]);
    show(null);
  });
}
`;
