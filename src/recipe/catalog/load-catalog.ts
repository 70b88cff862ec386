import type { Catalog } from "../../hardware/catalog/device.js";
import { mergeCatalog } from "../../hardware/catalog/merge-catalog.js";
import { builtInCatalog } from "./built-in-catalog.js";
import { type SourceKinds, sourceKinds } from "./check-catalog.js";
import { readCatalogFile, typedCatalogFile } from "./read-catalog-file.js";

/**
 * Loads the device catalog: `devices/*.yaml` of the package, then the user's files, which add entries and replace those
 * with the same id. A figure may cite a source of any file. A command calls this once; with a recipe, `loadRecipe` calls
 * it and the settings contain the catalog. `folder` is that of the file that names the user's; absent if the user did.
 * Throws `QS-CATALOG-MISSING`, or a RecipeError with every problem of a file (`QS-CATALOG-INVALID`, `QS-RECIPE-YAML`).
 */
export async function loadCatalog(extraFiles: readonly string[] = [], folder?: string): Promise<Catalog> {
  const builtIn = await builtInCatalog();
  const extra = await Promise.all(extraFiles.map((path) => readCatalogFile(path, folder)));
  const known: SourceKinds = new Map(
    [...builtIn, ...extra.map(({ data }) => data)].flatMap((data) => [...sourceKinds(data)]),
  );
  return mergeCatalog([...builtIn, ...extra.map((file) => typedCatalogFile(file, known))]);
}
