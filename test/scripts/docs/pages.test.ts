import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { pages } from "../../../scripts/docs/pages.js";
import { exampleFiles, sections } from "../../../scripts/docs/recipe-page.js";
import { loadPipeline } from "../../../src/recipe/load-pipeline.js";
import { loadRecipe, loadRecipes } from "../../../src/recipe/load-recipe.js";
import { resolveSettings } from "../../../src/recipe/settings.js";
import { packageRoot } from "../../../src/util/package-root.js";
import { temporaryFolder, writeMarked } from "../../recipe/bad-file.js";

const folder = temporaryFolder();

test.each(pages)("docs/$name is the output of `npm run docs`", ({ file, render }) => {
  expect(readFileSync(file, "utf8"), "run `npm run docs`").toBe(render());
});

test("the example recipes and the example pipeline are valid", async () => {
  const catalog = fileURLToPath(new URL("devices/cpu.yaml", packageRoot));
  for (const name of ["preface.md", "card.md"]) writeMarked(folder, name, "{{preface}} {{sections}}\n");
  for (const recipe of exampleFiles.recipe) {
    const text = readFileSync(recipe, "utf8").replace("./my-devices.yaml", catalog);
    for (const loaded of await loadRecipes(writeMarked(folder, "example.yaml", text).path)) {
      for (const pipeline of exampleFiles.pipeline) await loadPipeline(loaded, pipeline);
    }
  }
});

test("the defaults on the page are those of the settings", async () => {
  const minimal = "version: 1\nmodel: { source: hf:org/My-Model }\nvariants: [Q8_0]\npublish: { repo: me/model }\n";
  const { path } = writeMarked(folder, "minimal.yaml", minimal);
  writeMarked(folder, "pipeline.yaml", "version: 1\n");
  const loaded = await loadRecipe(path);
  const settings = resolveSettings(loaded, await loadPipeline(loaded, `${folder}/pipeline.yaml`));
  const revision = settings.model.source.kind === "hub" ? settings.model.source.revision : undefined;
  const values = { ...settings, model: { ...settings.model, revision } };

  const documented = new Map(
    [...sections("recipe"), ...sections("pipeline")].flatMap(({ path: section, rows }) =>
      rows.map(({ key, fallback }): [string, string] => [section === "" ? key : `${section}.${key}`, fallback]),
    ),
  );
  const scalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
  const defaults = Object.entries(settings.origins).flatMap(([key, origin]): [string, string][] => {
    const value = key
      .split(".")
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], values);
    return origin === "default" && key !== "model.name" && scalar(value) ? [[key, String(value)]] : [];
  });
  expect(defaults.length).toBeGreaterThan(15);
  for (const [key, value] of defaults) expect(documented.get(key)?.replaceAll("`", ""), key).toBe(value);
});
