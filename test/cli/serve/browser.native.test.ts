import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "../../../src/cli/serve/server.js";
import { Site } from "../../../src/cli/serve/site.js";
import { Browser, chromium, type PageView } from "../../fixtures/chromium.js";
import { generatedModel } from "../../fixtures/generated-model.js";
import { progress, runName, started, writeReleaseTo, writeRun } from "../../fixtures/output-folder.js";
import { faintTexts, wideColumns } from "../../fixtures/page-checks.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { until } from "../../fixtures/until.js";

/*
 * The pages of `quantsmith serve` in Chromium. QUANTSMITH_SCREENSHOTS=<folder> writes screenshots for review.
 */
const folder = temporaryFolder();
const out = join(folder, "out");
const pictures = process.env.QUANTSMITH_SCREENSHOTS;
const why = "needs Chromium: apt-get install chromium";
const views: PageView[] = [400, 1280].flatMap((width) => [
  { width, scheme: "light" as const },
  { width, scheme: "dark" as const },
]);
const view = { width: 1280, scheme: "light" } as const;
const evil = `<b onclick="alert(1)">${"LongName".repeat(20)}`;
/** A card with what must not run, load or lead anywhere, and what must be shown. */
const card = `---
license: mit
---
# Card of <script>alert(1)</script>
<img src=x onerror=alert(1)> [run](javascript:alert(1)) [data](data:text/html,<script>alert(1)</script>) [up](../../queue.json)
[web](https://example.com/a "t\\" onclick=alert(1)") ![pixel](https://example.com/pixel.png) ![inline](data:image/png;base64,AAAA)
![chart](./assets/size.svg) [report](report.html#variants) <javascript:alert(1)> [other host](//example.com)

| Variant | Size |
|---|---:|
| ${"Long".repeat(60)} | 1 |

<details><summary>More &amp; more</summary>

Folded <b>text</b>.

</details>
`;
let browser: Browser | undefined;
let served: Awaited<ReturnType<typeof startServer>>;
let write: ReturnType<typeof writeRun>;

beforeAll(async () => {
  const model = await generatedModel(folder, "llama");
  for (const name of ["first", evil]) {
    const release = writeReleaseTo(out, name, { card });
    // A model that llama.cpp can load, in the place of random bytes.
    rmSync(join(release, "Example-Q4_K_M.gguf"));
    cpSync(model, join(release, "Example-Q8_0.gguf"));
  }
  write = writeRun(out, runName());
  write(started, { type: "step-started", id: "quantize:Q8_0", key: "k" }, progress(3));
  served = await startServer(new Site(out, new AbortController().signal), 0);
  if (chromium !== undefined) browser = await Browser.start(chromium, join(folder, "profile"));
});
afterAll(async () => {
  served.server.close();
  served.server.closeAllConnections();
  await browser?.close();
});

const pages = {
  start: "",
  release: "releases/first/",
  report: "releases/first/report.html",
  card: "card?release=first",
  run: `runs/${runName()}`,
  compare: `compare?before=first&after=${encodeURIComponent(evil)}`,
  device: "device?device=iphone-15-pro&task=chat&release=first",
  error: "device?device=iphon",
};

describe.each(Object.entries(pages))("the %s page", (name, path) => {
  test.for(views)("at $width pixels, $scheme", async ({ width, scheme }, context) => {
    if (browser === undefined) return context.skip(why);
    const [complaints, requests] = [browser.complaints.length, browser.requests.length];
    await browser.visit(`${served.address}${path}`, { width, scheme });
    await browser.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    if (pictures !== undefined) await browser.screenshot(join(pictures, `serve-${name}-${width}-${scheme}.png`));
    expect(await browser.evaluate("document.documentElement.scrollWidth"), "no sideways scrolling").toBe(width);
    expect(await browser.evaluate(wideColumns), "fixed columns that cover their table").toEqual([]);
    expect(await browser.evaluate(faintTexts), "texts too faint to read").toEqual([]);
    const isExpected = (text: string) => name === "error" && text.includes("the server responded with a status of 400");
    expect(browser.complaints.slice(complaints).filter((text) => !isExpected(text))).toEqual([]);
    const foreign = (address: string) => !address.startsWith(served.address) && !address.startsWith("data:");
    expect(browser.requests.slice(requests).filter(foreign)).toEqual([]);
  });
});

test("the keyboard reaches the picker, whose answer names a file", async (context) => {
  if (browser === undefined) return context.skip(why);
  await browser.visit(served.address, view);
  await browser.evaluate("document.querySelector('[name=release]').value = 'first'");
  await browser.evaluate(
    "document.querySelector('[name=device]').value = 'custom:memory=8GB,budget=4GB,backend=metal'",
  );
  for (;;) {
    await browser.press("Tab");
    if ((await browser.evaluate("document.activeElement.textContent")) === "Pick a file") break;
  }
  expect(await browser.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "visible focus").toBe(
    "solid",
  );
  await browser.press("Enter");
  const page = browser;
  const title = await until(async () => {
    const text = await page.evaluate<string>("document.querySelector('h1')?.textContent ?? ''").catch(() => "");
    return text.startsWith("Which file") && text;
  });
  expect(title).toBe("Which file for Your device");
  expect(await browser.evaluate("document.querySelector('main p strong a').pathname")).toMatch(
    /\/releases\/first\/Example-Q8_0\.gguf$/,
  );
});

test("of a hostile card, only text, listed files and links to the web are left", async (context) => {
  if (browser === undefined) return context.skip(why);
  await browser.visit(`${served.address}${pages.card}`, view);
  const all = (selector: string, attribute: string) =>
    browser?.evaluate(
      `[...document.querySelectorAll(".card ${selector}")].map((one) => one.getAttribute("${attribute}"))`,
    );
  expect(await all("a", "href")).toEqual(["https://example.com/a", "./releases/first/report.html"]);
  expect(await all("img", "src")).toEqual(["./releases/first/assets/size.svg"]);
  expect(await all("script, b, [style], [onclick], [onerror]", "class")).toEqual([]);
  expect(await all("td", "class")).toEqual([null, "right"]);
  const text = await browser.evaluate<string>("document.querySelector('.card').textContent");
  expect(text).toContain("Card of <script>alert(1)</script>");
  expect(text).toContain("More & more");
  expect(text).not.toContain("license: mit");
  expect(await browser.evaluate("document.querySelector('.card details').textContent")).toContain("<b>text</b>");
});

test("the start page shows a release that is installed while a run goes on", async (context) => {
  if (browser === undefined) return context.skip(why);
  const page = browser;
  const shown = (text: string) => until(() => page.evaluate<boolean>(`document.body.innerText.includes("${text}")`));
  await browser.visit(served.address, view);
  writeReleaseTo(out, "later");
  await shown("later");
  rmSync(join(out, "releases", "later"), { recursive: true });
});

test("a running run is followed without a reload, and the box keeps its focus", async (context) => {
  if (browser === undefined) return context.skip(why);
  const page = browser;
  const shown = (text: string) => until(() => page.evaluate<boolean>(`document.body.innerText.includes("${text}")`));
  await browser.visit(`${served.address}${pages.run}`, view);
  await browser.evaluate("document.querySelector('.scroll').focus()");
  write(progress(40));
  await shown("tensor 40/56");
  write(
    { type: "step-finished", id: "quantize:Q8_0", status: "built", seconds: 2, found: "9.9 MB" },
    { type: "run-finished", seconds: 3, failed: 0 },
  );
  await shown("succeeded");
  expect(await browser.evaluate("document.activeElement.ariaLabel")).toBe("Steps");
});
