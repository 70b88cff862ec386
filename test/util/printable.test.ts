import { expect, test } from "vitest";
import { printableJson, printableLine } from "../../src/util/printable.js";
import { hostileText, obeyedParts } from "../fixtures/hostile-text.js";

test.each([
  ["\u001b[2K\u0007\u007f\u009b", "\\x1b[2K\\x07\\x7f\\x9b"],
  ["a\r\nb\tc", "a\\r\\nb c"],
  ["\u202e\u2066\u2028\ufeff\u200b\u{e0041}", "\\u202e\\u2066\\u2028\\ufeff\\u200b\\udb40\\udc41"],
  ["a\ufe00b\u{e0100}\u3164\u034f\u2800", "a\\ufe00b\\udb40\\udd00\\u3164\\u034f\\u2800"],
  ["x\ufe0f ❤️ 1️⃣ ☎︎", "x\\ufe0f ❤️ 1️⃣ ☎︎"],
  ["::error::a", "\\::error::a"],
  ["\u00a0 ::error::a ::b", "\u00a0 \\::error::a ::b"],
  ["a ##[error]b ##vso[x]", "a ##\\[error]b ##vso\\[x]"],
  ["Qwen3 — “中文” 👨‍👩‍👧 می‌خواهم [x] # ## a::b", "Qwen3 — “中文” 👨‍👩‍👧 می‌خواهم [x] # ## a::b"],
])("%j is shown as %j", (text, shown) => {
  expect(printableLine(text)).toBe(shown);
  expect(printableLine(shown)).toBe(shown);
});

test("printable JSON has the same value", () => {
  const value = { [hostileText]: [hostileText, 1, null], list: ["##", ["["]] };
  for (const indent of [undefined, 2]) {
    const text = printableJson(value, indent);
    expect(JSON.parse(text)).toEqual(value);
    expect(obeyedParts(text)).toEqual([]);
    expect(text.split("\n").map(printableLine).join("\n")).toBe(text);
  }
});
