import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderPage } from "../../../src/report/html/page.js";
import { Browser, chromium, type PageView } from "../../fixtures/chromium.js";
import { put } from "../../fixtures/cli.js";
import { faintTexts, wideColumns } from "../../fixtures/page-checks.js";
import { largePage } from "../../fixtures/release-page.js";
import { largeReport } from "../../fixtures/release-report.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/*
 * Tests the page of a large release in Chromium. QUANTSMITH_SCREENSHOTS=<folder> writes screenshots for review.
 */
const folder = temporaryFolder();
const pictures = process.env.QUANTSMITH_SCREENSHOTS;
const why = "needs Chromium: apt-get install chromium";
const views: PageView[] = [400, 1280].flatMap((width) => [
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
    if (pictures !== undefined) await browser.screenshot(join(pictures, `${name}-${width}-${scheme}.png`));
    await browser.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    expect(await browser.evaluate("document.documentElement.scrollWidth"), "no sideways scrolling").toBe(width);
    expect(await browser.evaluate(cutTexts), "texts cut off by their chart").toEqual([]);
    expect(await browser.evaluate(wideColumns), "fixed columns that cover their table").toEqual([]);
    expect(await browser.evaluate(faintTexts), "texts too faint to read").toEqual([]);
    expect(browser.complaints).toEqual([]);
    expect(browser.requests.filter((address) => !/^(file|data):/.test(address))).toEqual([]);
  });
});

describe("the keyboard", () => {
  const file = put(join(folder, "keyboard.html"), renderPage(pages.large));
  const view = { width: 1280, scheme: "light" } as const;
  const names = `[...document.querySelectorAll("#variants + .scroll tbody th")].map((cell) => cell.firstChild.textContent)`;
  const tip = `document.getElementById("tip").checkVisibility() ? document.getElementById("tip").textContent : ""`;

  test("sorts a table by any column", async (context) => {
    if (browser === undefined) return context.skip(why);
    await browser.open(file, view);
    const before = await browser.evaluate<string[]>(names);
    const bySize = largeReport.variants.toSorted((a, b) => a.bytes - b.bytes).map(({ name }) => name);
    // The table's box, and the title of the first column.
    for (const key of ["Tab", "Tab", "Enter"]) await browser.press(key);
    expect(await browser.evaluate(names)).toEqual(before.toSorted());
    await browser.press("Enter");
    expect(await browser.evaluate(names)).toEqual(before.toSorted().toReversed());
    for (const key of ["Tab", "Tab", "Tab", "Enter"]) await browser.press(key);
    expect(await browser.evaluate(names), "ascending sizes").toEqual(bySize);
    const sorted = `[...document.querySelectorAll("[aria-sort]")].map((head) => head.textContent + head.ariaSort)`;
    expect(await browser.evaluate(sorted)).toEqual(["Sizeascending"]);
    expect(await browser.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "visible focus").toBe(
      "solid",
    );
  });

  test("moves through the marks of a chart and the tensors, and shows their values", async (context) => {
    if (browser === undefined) return context.skip(why);
    await browser.open(file, view);
    await browser.evaluate("document.querySelector('.chart [tabindex]').focus()");
    const first = await browser.evaluate(tip);
    expect(first).toMatch(/^Q\w+: [\d.]+ GB, mean KLD [\d.]+ ± [\d.]+$/);
    await browser.press("ArrowRight");
    expect(await browser.evaluate(tip)).toMatch(/: [\d.]+ GB, mean KLD/);
    expect(await browser.evaluate(tip)).not.toBe(first);
    await browser.press("Escape");
    expect(await browser.evaluate(tip)).toBe("");
    await browser.evaluate("document.querySelector('details[open] .map [tabindex]').focus()");
    expect(await browser.evaluate(tip)).toBe("token_embd.weight\nQ8_0, 8,912,896 bytes");
    await browser.press("ArrowDown");
    await browser.press("ArrowRight");
    expect(await browser.evaluate(tip)).toMatch(
      /^blk\.1\.attn_q\.weight\n.*\nrounding error [\d.e-]+\nα [\d.]+ nats\npredicted KLD/,
    );
  });

  test("chooses the colours of the tensors", async (context) => {
    if (browser === undefined) return context.skip(why);
    await browser.open(file, view);
    const colours = `[...document.querySelectorAll("details[open] .map td")].map((cell) => cell.className)`;
    const bits = await browser.evaluate<string[]>(colours);
    await browser.evaluate("document.querySelector('button[value=error]').focus()");
    await browser.press("Enter");
    const errors = await browser.evaluate<string[]>(colours);
    expect(errors).toHaveLength(bits.length);
    expect(new Set(errors).size).toBeGreaterThan(3);
    expect(errors[0], "not measured").toBe("");
    await browser.evaluate("document.querySelector('button[value=bits]').click()");
    expect(await browser.evaluate(colours)).toEqual(bits);
  });
});

test("without scripts nothing is missing but sorting and choosing", async (context) => {
  if (browser === undefined) return context.skip(why);
  const file = put(join(folder, "plain.html"), renderPage(pages.large));
  await browser.open(file, { width: 400, scheme: "light", scripts: false });
  const shown = "[...document.querySelectorAll('button')].filter((one) => one.checkVisibility()).length";
  expect(await browser.evaluate(shown)).toBe(0);
  expect(await browser.evaluate("document.querySelector('details[open] .map').innerText")).toContain("IQ4_XS");
  expect(await browser.evaluate("document.documentElement.scrollWidth")).toBe(400);
});

test("on paper closed parts are printed, too, and nothing is cut off", async (context) => {
  if (browser === undefined) return context.skip(why);
  const file = put(join(folder, "paper.html"), renderPage(pages.large));
  await browser.open(file, { width: 720, scheme: "light", media: "print" });
  expect(await browser.evaluate("document.querySelectorAll('details:not([open])').length")).toBeGreaterThan(5);
  expect(
    await browser.evaluate("[...document.querySelectorAll('.map td')].filter((one) => one.offsetHeight === 0).length"),
  ).toBe(0);
  expect(await browser.evaluate("document.documentElement.scrollWidth")).toBe(720);
  if (pictures !== undefined) await browser.screenshot(join(pictures, "paper.png"));
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
