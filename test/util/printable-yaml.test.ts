import { expect, test } from "vitest";
import { parse } from "yaml";
import { renderInlineYaml, renderYaml } from "../../src/util/printable-yaml.js";

const data = {
  tags: ["yes", "No", "on", "off", "y", "null", "1e3", "0x1f", "plain", "a: b", "# c", ""],
  hidden: [
    "a\u202eb",
    "\u202e",
    "\u{e0001}tag",
    "\ufeffx",
    "line\nof\ttext\u001b[2J",
    'quoted " and \\ \u2066',
    "\u2028",
  ],
  "long text": "word ".repeat(50),
};

test.each(["1.1", "1.2"] as const)("a reader of YAML %s gets the same data", (version) => {
  expect(parse(renderYaml(data), { version })).toEqual(data);
});

test("hidden characters are escapes, and other text stays as it is", () => {
  const text = renderYaml(data);
  expect(text.match(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu)).toBeNull();
  expect(text).toContain('- "a\\u202eb"\n');
  expect(text).toContain('- "yes"\n');
  expect(text).toContain("- plain\n");
});

test("data on one line is the same, with hidden characters as escapes", () => {
  const text = renderInlineYaml(data);
  expect(parse(text, { version: "1.1" })).toEqual(data);
  expect(text.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu)).toBeNull();
});
