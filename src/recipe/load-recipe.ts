import { dirname, parse, resolve } from "node:path";
import type { Catalog } from "../hardware/catalog/device.js";
import type { CardLayout } from "../report/card-layout.js";
import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { sha256 } from "../util/sha256.js";
import { checkFile } from "./check-file.js";
import { crossCheck } from "./cross-check.js";
import { readCardLayout } from "./recipe-card.js";
import { checkDevices, recipeCatalog } from "./recipe-devices.js";
import { type Recipe, recipeSchema } from "./schema.js";
import type { YamlPath } from "./yaml/diagnostics.js";
import { parseYaml } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";

export interface LoadedRecipe {
  /** Absolute path; paths inside the recipe are relative to its folder. */
  file: string;
  /** File name without extension; also the name of the release folder. */
  name: string;
  /** sha256 of the recipe's text. */
  sha256: string;
  recipe: Recipe;
  /** The recipe's `card` with the contents of its files. */
  card: CardLayout;
  /** Contains all devices that the recipe names. */
  catalog: Catalog;
  /** Returns the place of the value at a path, for later errors; of the nearest parent if the recipe omits it. */
  locate(path: YamlPath): SourceLocation;
}

/**
 * Reads and checks one recipe. Throws `QS-RECIPE-MISSING`, or a RecipeError with every problem of the file
 * (`QS-RECIPE-EMPTY`, `QS-RECIPE-YAML`, `QS-RECIPE-INVALID`), or an error of its device catalog, see `recipeCatalog`.
 * Places show the path as given.
 */
export async function loadRecipe(path: string): Promise<LoadedRecipe> {
  const file = resolve(path);
  const { name } = parse(file);
  const text = await readTextFile(file, path, "QS-RECIPE-MISSING");
  const yaml = parseYaml(text, path, "QS-RECIPE-EMPTY");
  if (name.startsWith(".") || name.length > 100) {
    // `...yaml` would name the parent of the releases as the folder to replace; long names result in ENAMETOOLONG.
    throw new QuantsmithError(
      "QS-RECIPE-INVALID",
      `the recipe file name ${quote(name)} cannot be a release folder name`,
      {
        remedy:
          "Rename the file so that it begins with a letter or digit and is at most 100 characters long, such as `my-model.yaml`.",
        at: { file: path },
      },
    );
  }
  const folder = dirname(file);
  const catalog = await recipeCatalog(yaml, folder);
  const recipe = checkFile(yaml, recipeSchema, "QS-RECIPE-INVALID", (data) => [
    ...crossCheck(data, folder),
    ...checkDevices(data, catalog),
  ]);
  const card = await readCardLayout(recipe.card ?? {}, yaml, folder);
  return { file, name, sha256: sha256(text), recipe, card, catalog, locate: (at) => yaml.place(at, "value").at };
}
