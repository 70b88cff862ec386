import { expect, test } from "vitest";
import { cardPage } from "../../../src/cli/serve/card-page.js";

const render = (text: string) => cardPage("m", text, (path) => (path === "a.svg" ? "/a.svg" : undefined)).body.text;

test("links and pictures lead to listed files and the web only", () => {
  const page = render(
    "[a](./a.svg) [w](https://x.org/?a=1) [o](./other) ![p](a.svg 'title') ![r](https://x.org/p.png)",
  );
  expect(page).toContain(
    '<a href="/a.svg">a</a> <a href="https://x.org/?a=1">w</a> [o](./other) <img src="/a.svg" alt="p"> r',
  );
});

test("a long address or title that many links share does not multiply the page", () => {
  const links = "[a] ".repeat(100_000);
  for (const definition of [`https://x.org/${"x".repeat(100_000)}`, `https://x.org "${"x".repeat(100_000)}"`]) {
    expect(render(`${links}\n\n[a]: ${definition}\n`).length).toBeLessThan(20e6);
  }
});
