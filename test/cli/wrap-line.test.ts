import { afterEach, expect, test, vi } from "vitest";
import { isInteractive, wrapLine } from "../../src/cli/print.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a long line breaks at blanks, with its indent, and not inside a command or a word", () => {
  expect(wrapLine("short", 10)).toEqual(["short"]);
  expect(wrapLine("  one two three four", 12)).toEqual(["  one two", "  three four"]);
  expect(wrapLine("Next: `quantsmith verify x`, then read", 14)).toEqual([
    "Next:",
    "`quantsmith verify x`,",
    "then read",
  ]);
  expect(wrapLine("a /very/long/path/without/blanks b", 10)).toEqual(["a", "/very/long/path/without/blanks", "b"]);
  expect(wrapLine("an odd ` mark here", 10)).toEqual(["an odd `", "mark here"]);
});

test("no line begins with a workflow command", () => {
  expect(wrapLine("  a name ::error::pwned", 12)).toEqual(["  a name", "  \\::error::pwned"]);
});

test.each([
  ["xterm", true],
  ["dumb", false],
])("TERM=%s: the live board is possible: %s", (term, expected) => {
  vi.stubEnv("TERM", term);
  vi.stubEnv("CI", "");
  const before = Object.getOwnPropertyDescriptor(process.stdout, "isTTY");
  Object.defineProperty(process.stdout, "isTTY", { value: true, configurable: true });
  expect(isInteractive()).toBe(expected);
  Object.defineProperty(process.stdout, "isTTY", before ?? { value: undefined, configurable: true });
});
