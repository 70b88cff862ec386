import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderPage } from "../../../src/report/html/page.js";
import { Browser, chromium, type PageView } from "../../fixtures/chromium.js";
import { put } from "../../fixtures/cli.js";
import { largePage } from "../../fixtures/release-page.js";
import { largeReport } from "../../fixtures/release-report.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/*
 * Tests the page of a large release in Chromium. QUANTSMITH_SCREENSHOTS=<folder> writes screenshots for review.
 */
const folder = temporaryFolder();
const pictures = process.env.QUANTSMITH_SCREENSHOTS;
const why = "needs Chromium: apt-get install chromium";
const views: PageView[] = [360, 1280].flatMap((width) => [
  { width, scheme: "light" as const },
  { width, scheme: "dark" as const },
]);
const pages = {
  large: largePage(),
  hostile: largePage({
    ...largeReport,
    model: { ...largeReport.model, name: `<script>console.error("out")</script>${"LongName".repeat(20)}` },
    variants: largeReport.variants.map((one) => ({ ...one, name: `<b>&\u0007\u00a0${one.name}"'` })),
  }),
};
let browser: Browser | undefined;

beforeAll(async () => {
  if (chromium !== undefined) browser = await Browser.start(chromium, join(folder, "profile"));
});
afterAll(() => browser?.close());

describe.each(Object.entries(pages))("the %s page", (name, facts) => {
  const file = put(join(folder, `${name}.html`), renderPage(facts));

  test.for(views)("at $width pixels, $scheme", async ({ width, scheme }, context) => {
    if (browser === undefined) return context.skip(why);
    await browser.open(file, { width, scheme });
    await browser.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    expect(await browser.evaluate("document.documentElement.scrollWidth"), "no sideways scrolling").toBe(width);
    expect(await browser.evaluate(cutTexts), "texts cut off by their chart").toEqual([]);
    expect(await browser.evaluate(wideColumns), "fixed columns that cover their table").toEqual([]);
    expect(await browser.evaluate(faintTexts), "texts too faint to read").toEqual([]);
    expect(browser.complaints).toEqual([]);
    expect(browser.requests.filter((address) => !/^(file|data):/.test(address))).toEqual([]);
    if (pictures !== undefined) await browser.screenshot(join(pictures, `${name}-${width}-${scheme}.png`));
  });
});

test("charts with hostile names are well-formed XML files", async (context) => {
  if (browser === undefined) return context.skip(why);
  const { sizeKld, kldPercentiles, types } = pages.hostile.charts;
  for (const svg of [sizeKld, kldPercentiles, ...[...types.values()].slice(0, 1)]) {
    await browser.open(put(join(folder, "chart.svg"), svg ?? ""), { width: 1280, scheme: "light" });
    expect(await browser.evaluate("document.documentElement.tagName")).toBe("svg");
    expect(await browser.evaluate("document.querySelectorAll('parsererror').length"), svg).toBe(0);
  }
});

/** Fixed columns of names that leave less than half of their table's box to its figures. */
const wideColumns = `[...document.querySelectorAll("tbody th:first-child")].flatMap((cell) => {
  const box = cell.closest(".scroll");
  return box === null || cell.offsetWidth <= box.clientWidth / 2 ? [] : [cell.textContent];
})`;

/** Chart texts that extend beyond their chart. */
const cutTexts = `[...document.querySelectorAll("svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].flatMap((text) => {
    const box = text.getBoundingClientRect();
    const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1
      && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
    return inside ? [] : [text.textContent];
  });
})`;

/** Page texts with less contrast to their background than WCAG requires (4.5). */
const faintTexts = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (part) => part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("main *:not(svg, svg *)")].flatMap((node) => {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) return [];
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(behind(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast >= 4.5 ? [] : [node.textContent + " " + contrast.toFixed(2)];
  });
})()`;
