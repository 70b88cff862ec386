import { expect, test } from "vitest";
import { loadRecipe } from "../../../src/recipe/load-recipe.js";
import { formatDiagnostics } from "../../../src/recipe/yaml/diagnostics.js";
import { problems, temporaryFolder, writeMarked } from "../bad-file.js";

const folder = temporaryFolder();

test("place, message, source line with carets, remedy", async () => {
  const text = "version: 1\nmodel: { source: ./x }\nvariants: [Q8_0]\r\ngates:\n\tperplexityRato: {}\n".replace(
    "\t",
    "  ",
  );
  const { path } = writeMarked(folder, "x.yaml", text);
  expect(formatDiagnostics(await problems(loadRecipe(path)))).toBe(
    [
      `${path}:5:3: unknown key \`perplexityRato\` [QS-RECIPE-INVALID]`,
      "    perplexityRato: {}",
      "    ^^^^^^^^^^^^^^",
      "  Did you mean `perplexityRatio`?",
    ].join("\n"),
  );
});

test("a long line is cut around the place, with the carets still under it", async () => {
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

test("control characters of a hostile recipe never reach the terminal", async () => {
  const { path } = writeMarked(folder, "escape.yaml", "\u001b[2Jversion\u202e: 1\n");
  const text = formatDiagnostics(await problems(loadRecipe(path)));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test("a text of a megabyte is not repeated", async () => {
  const { path } = writeMarked(folder, "big.yaml", `version: ${"x".repeat(1_000_000)}\n`);
  expect(formatDiagnostics(await problems(loadRecipe(path))).length).toBeLessThan(2000);
});
