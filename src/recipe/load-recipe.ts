import { dirname, parse, resolve } from "node:path";
import type { Catalog } from "../hardware/catalog/device.js";
import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { checkFile } from "./check-file.js";
import { crossCheck } from "./cross-check.js";
import { checkDevices, recipeCatalog } from "./recipe-devices.js";
import { type Recipe, recipeSchema } from "./schema.js";
import type { YamlPath } from "./yaml/diagnostics.js";
import { parseYaml } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";

export interface LoadedRecipe {
  /** Absolute path; paths inside the recipe are relative to its folder. */
  file: string;
  /** File name without extension; the release folder bears it. */
  name: string;
  recipe: Recipe;
  /** Has every device that the recipe names. */
  catalog: Catalog;
  /** Where the value at a path stands, for later errors; the nearest parent when the recipe leaves it out. */
  locate(path: YamlPath): SourceLocation;
}

/**
 * Reads and checks one recipe. Throws `QS-RECIPE-MISSING`, or a RecipeError with every problem of the file
 * (`QS-RECIPE-EMPTY`, `QS-RECIPE-YAML`, `QS-RECIPE-INVALID`), or what its device catalog throws, see `recipeCatalog`.
 * Places show the path as it was given.
 */
export async function loadRecipe(path: string): Promise<LoadedRecipe> {
  const file = resolve(path);
  const { name } = parse(file);
  const yaml = parseYaml(await readTextFile(file, path, "QS-RECIPE-MISSING"), path, "QS-RECIPE-EMPTY");
  if (name.startsWith(".") || name.length > 100) {
    // `...yaml` would otherwise name the folder above the releases as the one to replace; long names end in ENAMETOOLONG.
    throw new QuantsmithError("QS-RECIPE-INVALID", `the recipe file's name ${path} cannot name a release folder`, {
      remedy:
        "Rename the file so that it begins with a letter or digit and is at most 100 characters long, such as `my-model.yaml`.",
      at: { file: path },
    });
  }
  const folder = dirname(file);
  const catalog = await recipeCatalog(yaml, folder);
  const recipe = checkFile(yaml, recipeSchema, "QS-RECIPE-INVALID", (data) => [
    ...crossCheck(data, folder),
    ...checkDevices(data, catalog),
  ]);
  return { file, name, recipe, catalog, locate: (at) => yaml.place(at, "value").at };
}
