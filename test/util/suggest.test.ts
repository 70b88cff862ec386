import { expect, test } from "vitest";
import { nearest } from "../../src/util/suggest.js";

const keys = ["perplexityRatio", "perplexity", "kldMean", "kldMedian", "sameTop", "source", "chunks", "main"];

test.each([
  ["perplexityRato", "perplexityRatio"],
  ["perplexity_ratio", "perplexityRatio"],
  ["PERPLEXITY", "perplexity"],
  ["kldmeen", "kldMean"],
  ["suorce", "source"],
  ["chnuks", "chunks"],
  ["mian", "main"],
  ["chunk", "chunks"],
  ["perplex", "perplexity"],
  ["same-top", "sameTop"],
])("%s means %s", (typed, meant) => {
  expect(nearest(typed, keys)).toBe(meant);
});

test.each(["", "x", "temperature", "___", "perplexityRatio".repeat(20)])("%j has no near name", (typed) => {
  expect(nearest(typed, keys)).toBeUndefined();
});

test("of names that continue the same text, the one with fewer changes is meant", () => {
  expect(nearest("iphone-15-prro", ["iphone-15", "iphone-15-pro", "iphone-15-pro-max"])).toBe("iphone-15-pro");
});

test("a short name matches only in another case", () => {
  expect(nearest("f", ["B", "F"])).toBe("F");
  expect(nearest("g", ["B", "F"])).toBeUndefined();
});
