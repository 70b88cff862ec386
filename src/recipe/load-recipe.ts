import { dirname, parse, resolve } from "node:path";
import type { Catalog } from "../hardware/catalog/device.js";
import type { CardLayout } from "../report/card-layout.js";
import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { sha256 } from "../util/sha256.js";
import { checkFile } from "./check-file.js";
import { crossCheck } from "./cross-check.js";
import { expandModels } from "./expand-models.js";
import { defaultModelName } from "./model-source.js";
import { readCardLayout } from "./recipe-card.js";
import { checkDevices, recipeCatalog } from "./recipe-devices.js";
import { type Recipe, recipeSchema } from "./schema.js";
import type { YamlPath } from "./yaml/diagnostics.js";
import { isForeign } from "./yaml/is-foreign.js";
import { parseYaml, type YamlFile } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";
import { requireVisibleYaml } from "./yaml/require-visible-yaml.js";

export interface LoadedRecipe {
  /** Absolute path; paths inside the recipe are relative to its folder. */
  file: string;
  /** Name of the release folder: the file name without extension, followed by the model if the recipe lists several. */
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
 * Reads and checks a recipe of one model. Errors: those of `loadRecipes`, QS-RECIPE-MODELS.
 */
export async function loadRecipe(path: string): Promise<LoadedRecipe> {
  const [one, second] = await loadRecipes(path);
  if (one !== undefined && second === undefined) return one;
  throw new QuantsmithError("QS-RECIPE-MODELS", "this command takes one model, and the recipe lists several", {
    remedy: "Use a copy of the recipe with one of the `models`; `run`, `plan`, `check` and `watch` take them all.",
    at: { file: path },
  });
}

/**
 * Reads and checks one recipe file; returns a recipe for each of its models. Throws `QS-RECIPE-MISSING`, or a RecipeError
 * with every problem of the file (`QS-RECIPE-EMPTY`, `QS-RECIPE-YAML`, `QS-RECIPE-INVALID`), or an error of its device
 * catalog, see `recipeCatalog`. Places show the path as given; `namedIn` is the folder of the queue file that names it.
 */
export async function loadRecipes(path: string, namedIn = dirname(path)): Promise<LoadedRecipe[]> {
  const file = resolve(path);
  const stem = parse(file).name;
  await requireVisibleYaml(file, file, path);
  const text = await readTextFile(file, path, "QS-RECIPE-MISSING");
  const whole = parseYaml(text, path, "QS-RECIPE-EMPTY", await isForeign(file, namedIn));
  requireNoQueue(whole);
  requireFolderName(stem, path);
  const folder = dirname(file);
  const catalog = await recipeCatalog(whole, folder);
  const recipes: LoadedRecipe[] = [];
  for (const yaml of expandModels(whole)) {
    const recipe = checkFile(yaml, recipeSchema, "QS-RECIPE-INVALID", (data) => [
      ...crossCheck(data, folder),
      ...checkDevices(data, catalog),
    ]);
    const { name: modelName = defaultModelName(recipe.model.source, folder) } = recipe.model;
    const name = yaml.isListed ? `${stem}-${modelName}` : stem;
    requireFolderName(name, path);
    const card = await readCardLayout(recipe.card ?? {}, yaml, folder);
    const locate = (at: YamlPath) => yaml.place(at, "value").at;
    recipes.push({ file, name, sha256: sha256(text), recipe, card, catalog, locate });
  }
  return recipes;
}

function requireNoQueue({ data, place }: YamlFile): void {
  if (typeof data !== "object" || data === null || !("recipes" in data)) return;
  throw new QuantsmithError("QS-RECIPE-INVALID", "this is a queue file, not a recipe", {
    remedy: "Pass it to `run` or `watch` with `--queue`.",
    at: place(["recipes"], "key").at,
  });
}

/** `...yaml` would name the parent of the releases as the folder to replace; long names result in ENAMETOOLONG. */
function requireFolderName(name: string, path: string): void {
  if (!name.startsWith(".") && name.length <= 100) return;
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
