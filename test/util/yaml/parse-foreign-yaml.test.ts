import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseForeignYaml } from "../../../src/util/yaml/parse-foreign-yaml.js";
import { randomIntegers } from "../../fixtures/random.js";

describe("parseForeignYaml", () => {
  test("parses plain data with aliases and keys that are no text", () => {
    expect(parseForeignYaml("a: &x [1, yes, null]\nb: *x\n2: {c: 0.5}\n")).toEqual({
      ...{ a: [1, "yes", null], b: [1, "yes", null], 2: { c: 0.5 } },
    });
    const lock = { files: Array.from({ length: 1000 }, (_, index) => ({ path: `m-${index}`, bytes: index })) };
    expect(parseForeignYaml(stringify(lock))).toEqual(lock);
  });

  // The library's own `parse` takes from half a minute to for ever for each of them.
  test.each([
    ["nested keys", "? ".repeat(1000)],
    ["nested keys in many lists", `${"? ".repeat(48)}a\n- `.repeat(500)],
    ["nested keys below the limit of depth", `- ${"? ".repeat(45)}a\n`.repeat(1000)],
    ["keys of lists", "[? ".repeat(300)],
    ["many keys", Array.from({ length: 100_001 }, (_, index) => `k${index}: 1`).join("\n")],
    ["brackets", "[".repeat(100_000)],
    [
      "an alias bomb",
      `a: &a [${"x, ".repeat(50)}]\n`.concat(`b: &b [${"*a, ".repeat(60)}]\nc: [${"*b, ".repeat(60)}]`),
    ],
    ["a text above the limit", `a: ${"b".repeat(2 ** 20)}`],
    ["duplicate keys", "a: 1\na: 2"],
    ["__proto__", "__proto__: {a: 1}"],
    ["two documents", "a: 1\n---\nb: 2"],
    ["a foreign tag", "a: !!js/function x"],
    ["a merge of a number", "%YAML 1.1\n---\n<<: 1"],
    ["an open bracket", "a: ["],
  ])("rejects %s", (_, text) => {
    expect(parseForeignYaml(text)).toBeUndefined();
  });

  test("never throws", () => {
    const parts = [
      "? ",
      "- ",
      "a",
      ": ",
      "\n",
      " ",
      "[",
      "]",
      "{",
      "}",
      "&x ",
      "*x",
      "|",
      ">",
      '"',
      "'",
      "#",
      "!t ",
      "<<",
      ",",
      "%",
      "@",
      "---",
    ];
    const random = randomIntegers(1);
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: 30 }, () => parts[random(parts.length)]).join("");
      expect(() => parseForeignYaml(text)).not.toThrow();
    }
  });
});
