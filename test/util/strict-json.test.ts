import { expect, test } from "vitest";
import { parseStrictJson } from "../../src/util/strict-json.js";

test.each([
  '{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}',
  '{"a":"{\\"a\\":1","b":"x\\\\"}',
  '{ "a" : ["a", "a"] , "b" : "a" }',
  '"a"',
])("parses %s like JSON.parse", (text) => {
  expect(parseStrictJson(text)).toEqual(JSON.parse(text));
});

test.each([
  ['{"a":1,"a":2}', '"a" twice'],
  ['{"a":1,"\\u0061":2}', '"a" twice'],
  ['[{"x":{"a":1,"b":[{}],"a":2}}]', '"a" twice'],
  ['{"a":{"__proto__":{"b":1}}}', '"__proto__"'],
  ["{", "JSON"],
  [`{"a":${"[".repeat(100)}${"]".repeat(100)}}`, "nested deeper than 100 levels"],
])("rejects %s", (text, reason) => {
  expect(() => parseStrictJson(text)).toThrow(reason);
});

test("a string of megabytes is scanned", () => {
  const value = { a: "\\".repeat(4_000_000), b: '"'.repeat(4_000_000) };
  expect(parseStrictJson(JSON.stringify(value))).toEqual(value);
});
