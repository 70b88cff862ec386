import { expect, test } from "vitest";
import { loadPipeline } from "../../src/recipe/load-pipeline.js";
import { loadRecipe, loadRecipes } from "../../src/recipe/load-recipe.js";
import { resolveSettings } from "../../src/recipe/settings.js";
import { failureOf } from "../fixtures/failure.js";
import { placeOf, problems, temporaryFolder, writeMarked } from "./bad-file.js";

const folder = temporaryFolder();
const write = (models: string) =>
  writeMarked(folder, "family.yaml", `version: 1\n${models}\nvariants: [Q8_0]\npublish: { repo: "me/{model}-GGUF" }\n`);

test("a recipe with several models is a recipe for each, with the model in the names of release and repository", async () => {
  const { path } = write("models: [hf:org/One, ./two@home]");
  const recipes = await loadRecipes(path);
  const settings = await Promise.all(recipes.map(async (one) => resolveSettings(one, await loadPipeline(one))));
  expect(settings.map(({ name, publish }) => [name, publish?.repo])).toEqual([
    ["family-One", "me/One-GGUF"],
    ["family-two-home", "me/two-home-GGUF"],
  ]);
  expect(recipes.map(({ locate }) => locate(["model", "source"]).column)).toEqual([10, 22]);
  expect((await failureOf(loadRecipe(path))).code).toBe("QS-RECIPE-MODELS");
});

test.each([
  ["an invalid source", "models: [hf:org/One, ▸two]"],
  ["no models", "models: ▸[]"],
  ["a model beside", "▸model: { source: ./a }\nmodels: [./b]"],
])("%s is a problem at its place", async (_, models) => {
  const { path, places } = write(models);
  expect((await problems(loadRecipes(path))).map(placeOf)).toEqual(places);
});
