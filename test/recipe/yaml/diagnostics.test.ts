import { expect, test } from "vitest";
import { printError } from "../../../src/cli/print.js";
import { loadRecipe } from "../../../src/recipe/load-recipe.js";
import { printed } from "../../fixtures/printed.js";
import { failure, problems, temporaryFolder, writeMarked } from "../bad-file.js";

const folder = temporaryFolder();

async function shown(path: string): Promise<string> {
  const error = await failure(loadRecipe(path));
  return (await printed(() => printError(error, false))).stderr.trimEnd();
}

test("place, message, source line with carets, remedy", async () => {
  const text = "version: 1\nmodel: { source: ./x }\nvariants: [Q8_0]\r\ngates:\n\tperplexityRato: {}\n".replace(
    "\t",
    "  ",
  );
  const { path } = writeMarked(folder, "x.yaml", text);
  expect(await shown(path)).toBe(
    [
      `${path}:5:3: QS-RECIPE-INVALID: unknown key "perplexityRato"`,
      "  |   perplexityRato: {}",
      "  |   ^^^^^^^^^^^^^^",
      "  → Did you mean `perplexityRatio`?",
    ].join("\n"),
  );
});

test("two problems are shown once each, with their number", async () => {
  const { path } = writeMarked(
    folder,
    "two.yaml",
    "version: 1\nmodel: { source: ./x }\nvariants: [Q8_0, Q9]\nfoo: 1\n",
  );
  const text = await shown(path);
  expect(text.match(/unknown key/g)).toHaveLength(1);
  expect(text).toMatch(
    /:3:18: QS-RECIPE-INVALID: [\s\S]*\n\n.*:4:1: QS-RECIPE-INVALID: [\s\S]*\n2 problems in .*two\.yaml$/,
  );
});

test("a long line is cut around the place, with carets below the place", async () => {
  const line = `smoke: [{ prompt: "${"a".repeat(500)}", ▸banana: "${"b".repeat(500)}" }]`;
  const { path, places } = writeMarked(
    folder,
    "long.yaml",
    `version: 1\nmodel: { source: ./x }\nvariants: [Q8_0]\n${line}\n`,
  );
  const [found] = await problems(loadRecipe(path));
  const [source = "", carets = ""] = found?.excerpt.split("\n") ?? [];
  expect(places).toEqual([`${found?.at.line}:${found?.at.column}`]);
  expect(source.length).toBeLessThan(120);
  expect(source.slice(carets.indexOf("^"), carets.length)).toBe("banana");
});

test("control characters of a hostile recipe are not printed", async () => {
  const { path } = writeMarked(folder, "escape.yaml", "\u001b[2Jversion\u202e: 1\n");
  const text = await shown(path);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about control characters
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test("a text of a megabyte is not repeated", async () => {
  const { path } = writeMarked(folder, "big.yaml", `version: ${"x".repeat(1_000_000)}\n`);
  expect((await shown(path)).length).toBeLessThan(2000);
});
