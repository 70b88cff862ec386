import { expect, test } from "vitest";
import { type FormerRelease, parseHistory, renderHistory } from "../../src/release/history.js";
import { historySection } from "../../src/report/history-section.js";
import { obeyedParts } from "../fixtures/hostile-text.js";
import { elementsOf, renderedMarkdown } from "./foreign/parsers.js";

const release = (day: number, change: Partial<FormerRelease> = {}): FormerRelease => ({
  date: `2026-01-${String(day).padStart(2, "0")}T12:00:00.000Z`,
  commit: "c".repeat(40),
  model: "Example",
  sourceCommit: "a".repeat(40),
  llamaCpp: "b1",
  digest: "d".repeat(64),
  variants: [{ name: "Q4_K_M", file: "Example-Q4_K_M.gguf", bytes: 1, sha256: "1".repeat(64), kldMean: 0.02 }],
  otherFiles: { "Example-imatrix.gguf": "2".repeat(64) },
  ...change,
});

test("at most ten rows, newest first, with the source and llama.cpp", () => {
  const former = Array.from({ length: 12 }, (_, index) => release(index + 1));
  const rows = historySection(former, release(13, { sourceCommit: "b".repeat(40), llamaCpp: null }))
    .split("\n")
    .filter((line) => line.startsWith("| 2026"));
  expect(rows.length).toBe(10);
  expect(rows[0]).toBe("| 2026-01-12 | source aaaaaaa → bbbbbbb; llama.cpp b1 → unknown | – |");
  expect(rows[9]).toBe("| 2026-01-03 | metrics or settings | – |");
});

test("hostile text stays text", () => {
  const hostile = "x | [y](http://z) ![i](z) <img src=z>\n\n# H\u001b[2J::error::";
  const elements = (text: string) => {
    const [variant] = release(1).variants;
    const variants = variant === undefined ? [] : [{ ...variant, name: text }];
    const section = historySection([release(1, { llamaCpp: text })], release(2, { variants, model: text }));
    expect(obeyedParts(section)).toEqual([]);
    return elementsOf(renderedMarkdown(section)).filter(({ tag }) => tag !== "code");
  };
  expect(elements(hostile)).toEqual(elements("harmless"));
});

test("a history that is read is rendered with the same bytes; others are errors with a place", () => {
  const text = renderHistory([release(1), release(2)]);
  expect(renderHistory(parseHistory(text) as FormerRelease[])).toBe(text);
  for (const [wrong, place] of [
    [text.replace(/"bytes": 1/, '"bytes": -1'), "releases.0.variants.0.bytes"],
    [text.replace("2026-01-01T12", "yesterday"), "releases.0.date"],
    ['{"version":1,"releases":[],"version":1}', "twice"],
    ["[]", ""],
  ] as const) {
    expect(parseHistory(wrong)).toEqual(expect.stringContaining(place));
  }
});
