import { describe, expect, test } from "vitest";
import { loadRecipe } from "../../../src/recipe/load-recipe.js";
import { RecipeError } from "../../../src/recipe/yaml/diagnostics.js";
import { parseYaml } from "../../../src/recipe/yaml/parse-yaml.js";
import { type Diagnostic, QuantsmithError } from "../../../src/util/errors.js";
import { failure, placeOf, temporaryFolder, writeMarked } from "../bad-file.js";

const folder = temporaryFolder();

function faults(text: string): readonly Diagnostic[] {
  try {
    parseYaml(text, "x.yaml", "QS-RECIPE-EMPTY");
  } catch (error) {
    if (error instanceof RecipeError) return error.problems ?? [];
    throw error;
  }
  return [];
}

/** Nine levels of ten aliases each: a thousand million values in a few hundred bytes. */
function aliasBomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => {
    const items = i === 0 ? Array(10).fill("lol") : Array(10).fill(`*a${i - 1}`);
    return `a${i}: &a${i} [${items.join(", ")}]`;
  });
  return `${levels.join("\n")}\n`;
}

describe("rejected YAML", () => {
  test.each([
    ["unclosed list", "a: 1\nb: [1, 2", 2, /not valid YAML/],
    ["unclosed quote", 'a: 1\nb: "x\n', 3, /not valid YAML/],
    ["tab as indentation", "a:\n\tb: 1\n", 2, /[Tt]abs/],
    ["two colons", "a: b: c\n", 1, /not valid YAML/],
    ["wrong indentation", "a:\n  b: 1\n c: 2\n", 3, /not valid YAML/],
    ["duplicate key", "a: 1\nb: 2\na: 3\n", 3, /the key "a" appears twice/],
    ["duplicate key deep down", "a:\n  - { x: 1, 'x': 2 }\n", 2, /the key "x" appears twice/],
    ["two documents", "a: 1\n---\nb: 2\n", 2, /second YAML document/],
    ["custom tag", "a: 1\nb: !ruby/object {}\n", 2, /tag "!ruby\/object"/],
    ["binary tag", "a: !!binary aGk=\n", 1, /tag "tag:yaml.org,2002:binary"/],
    ["set tag", "a: !!set { x, y }\n", 1, /tag "tag:yaml.org,2002:set"/],
    ["unknown directive", "%FOO bar\n---\na: 1\n", 1, /not valid YAML/],
    ["mapping as a key", "? { a: 1 }\n: 2\n", 1, /not valid YAML/],
    ["unknown alias", "a: 1\nb: *nowhere\n", 2, /alias "\*nowhere" has no anchor/],
    ["alias before its anchor", "a: *x\nb: &x 1\n", 1, /alias "\*x" has no anchor/],
    ["alias in itself", "a: &x [1, *x]\n", 1, /is inside its own anchor/],
    ["prototype as key", "a: 1\n__proto__: { b: 1 }\n", 2, /`__proto__` cannot be a key/],
    ["alias bomb", aliasBomb(), 3, /expand too far/],
    ["many plain aliases", `a: &a 1\nb: [${Array(101).fill("*a").join(", ")}]\n`, 2, /expand too far/],
  ])("%s", (_, text, line, message) => {
    const [first] = faults(text);
    expect(first).toMatchObject({ code: "QS-RECIPE-YAML", at: { file: "x.yaml", line } });
    expect(first?.message).toMatch(message);
    expect(first?.remedy).not.toBe("");
    expect(first?.excerpt).toMatch(/\^/);
  });

  test("several problems are reported at once", () => {
    const found = faults("a: !x 1\nb: *y\nb: 3\n");
    expect(found.map(placeOf)).toEqual(["1:7", "2:4", "3:1"]);
  });

  test.each([
    ["flow lists", "[".repeat(10_000)],
    ["closed flow lists", `a: ${"[".repeat(10_000)}${"]".repeat(10_000)}`],
    ["flow mappings", "{a: ".repeat(10_000)],
    ["block lists", "- ".repeat(10_000)],
    ["explicit keys", "? ".repeat(10_000)],
    ["block mappings", Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:\n`).join("")],
  ])("10 000 nested %s", (_, text) => {
    const [first] = faults(text);
    expect(first).toMatchObject({ code: "QS-RECIPE-YAML", message: "the YAML is nested deeper than 50 levels" });
    expect(first?.at.column).toBeGreaterThan(1);
  });

  test.each([
    ["entries", `a: [${"1,".repeat(50_001)}]`],
    ["empty keys", "?\n".repeat(50_001)],
  ])("more %s than a recipe has", (_, text) => {
    expect(faults(text)).toMatchObject([{ message: "the YAML contains more than 50000 keys and values" }]);
  });

  test("larger than 1 MiB", async () => {
    const { path } = writeMarked(folder, "large.yaml", `# ${"x".repeat(1024 * 1024)}\nversion: 1\n`);
    const error = await failure(loadRecipe(path));
    expect(error).toMatchObject({ code: "QS-RECIPE-YAML", message: `${path} is larger than 1 MiB` });
  });

  test("not UTF-8, with the place of the first bad byte", async () => {
    const { path } = writeMarked(folder, "latin1.yaml", "");
    const { writeFile } = await import("node:fs/promises");
    await writeFile(path, Buffer.concat([Buffer.from("version: 1\nä: "), Buffer.from([0xe4, 0x0a])]));
    expect(await failure(loadRecipe(path))).toMatchObject({ code: "QS-RECIPE-YAML", at: { line: 2, column: 4 } });
    await writeFile(path, Buffer.from("version: 1\n", "utf16le"));
    expect((await failure(loadRecipe(path))).code).toMatch(/^QS-RECIPE-(YAML|INVALID)$/);
  });
});

describe("accepted YAML", () => {
  test("aliases within reason, core tags, a byte order mark and CRLF", () => {
    const text = 'a: &x { p: !!str 1 }\r\nb: [*x, *x]\r\n"ä ö": |\r\n  zwei\r\n  Zeilen\r\n';
    expect(parseYaml(text, "x.yaml", "QS-RECIPE-EMPTY").data).toEqual({
      a: { p: "1" },
      b: [{ p: "1" }, { p: "1" }],
      "ä ö": "zwei\nZeilen\n",
    });
  });

  test("places of keys and values, through aliases, and of the nearest parent of a missing key", () => {
    const text = "a: &x\n  p: [1, 22]\nb: *x\nc:\nd: { e: ~ }\n";
    const file = parseYaml(text, "x.yaml", "QS-RECIPE-EMPTY");
    const place = (path: (string | number)[], part: "key" | "value") => placeOf(file.place(path, part));
    expect(place(["a", "p"], "key")).toBe("2:3");
    expect(place(["a", "p"], "value")).toBe("2:6");
    expect(place(["a", "p", 1], "value")).toBe("2:10");
    expect(place(["b"], "value")).toBe("3:4");
    expect(place(["b", "p", 1], "value")).toBe("2:10");
    expect(place(["c"], "value")).toBe("4:1");
    expect(place(["d", "e"], "value")).toBe("5:9");
    expect(place(["d", "nothing", 3], "value")).toBe("5:1");
    expect(place(["a", "p", 7], "value")).toBe("2:6");
    expect(place([], "value")).toBe("1:1");
    expect(file.place(["a", "p", 1], "value").excerpt).toBe("  p: [1, 22]\n         ^^");
  });
});

/** mulberry32, so that failing inputs are reproducible. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe("fuzz", () => {
  const seedText = [
    "version: 1",
    "model: { source: hf:org/name, name: x }",
    "calibration: &c { corpus: [a.txt, self], chunks: 5 }",
    "evaluation: *c",
    "variants:",
    "  - Q8_0",
    "  - { name: A, preset: Q6_K, tensors: { 'blk.*': Q8_0 } }",
    "  - name: B",
    "    dynamic: { bytes: 2 GB }",
    "smoke:",
    "  - prompt: |",
    "      hello",
    '    expect: { matches: "x" }',
    "",
  ].join("\n");
  const pieces = [
    ..."[]{}:,-?&*!|>'\"%@`#~\n\t \\é☕\u0000",
    "<<: ",
    "---\n",
    "...\n",
    "*c",
    "&c ",
    "!!set ",
    "null",
    "1e999",
  ];

  test("300 damaged recipes result in a value or a QuantsmithError with a place", async () => {
    const next = random(20_24);
    const pick = (length: number) => Math.floor(next() * length);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      let text = seedText;
      for (let edits = 1 + pick(4); edits > 0; edits--) {
        const at = pick(text.length);
        text = text.slice(0, at) + pieces[pick(pieces.length)] + text.slice(at + pick(6));
      }
      const { path } = writeMarked(folder, "fuzz.yaml", text);
      try {
        await loadRecipe(path);
      } catch (error) {
        if (!(error instanceof QuantsmithError))
          throw new Error(`round ${round}: ${JSON.stringify(text)}`, { cause: error });
        expect(error.at?.file).toBe(path);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(150);
  });

  test("every prefix of a recipe results in a value or a QuantsmithError", async () => {
    for (let length = 0; length < seedText.length; length++) {
      const { path } = writeMarked(folder, "prefix.yaml", seedText.slice(0, length));
      await failure(loadRecipe(path));
    }
  });
});
