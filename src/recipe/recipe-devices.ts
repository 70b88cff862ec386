import { resolve } from "node:path";
import { type Catalog, deviceId } from "../hardware/catalog/device.js";
import { unknownDevice } from "../hardware/catalog/find-device.js";
import { QuantsmithError } from "../util/errors.js";
import { loadCatalog } from "./catalog/load-catalog.js";
import { isYamlPath } from "./corpus-schema.js";
import type { Problem, YamlPath } from "./yaml/diagnostics.js";
import type { YamlFile } from "./yaml/parse-yaml.js";
import { requireVisibleYaml } from "./yaml/require-visible-yaml.js";

/**
 * Loads the catalog of a recipe: the built-in one and the file that the recipe names.
 * Throws `QS-CATALOG-MISSING` at the recipe's line, or a RecipeError with the problems of the user's catalog file.
 */
export async function recipeCatalog(yaml: YamlFile, folder: string): Promise<Catalog> {
  const own = valueAt(yaml.data, ["catalog"]);
  const extra = typeof own === "string" && isYamlPath(own) ? [resolve(folder, own)] : [];
  for (const path of extra) await requireVisibleYaml(path, folder, path);
  return loadCatalog(extra, folder).catch((error: unknown) => {
    if (!(error instanceof QuantsmithError) || error.code !== "QS-CATALOG-MISSING") throw error;
    const { code, message, remedy } = error;
    throw new QuantsmithError(code, message, { remedy, at: yaml.place(["catalog"], "value").at, cause: error });
  });
}

/** Reports devices in `devices` and in budgets of dynamic variants that the catalog does not contain. */
export function checkDevices(data: unknown, catalog: Catalog): Problem[] {
  return namedDevices(data).flatMap(({ id, path }): Problem[] => {
    if (catalog.devices.has(id)) return [];
    return [{ path, part: "value", ...unknownDevice(catalog, id) }];
  });
}

/** Returns the valid device ids of a recipe; the schema reports invalid ones. */
function namedDevices(data: unknown): { id: string; path: YamlPath }[] {
  const places: YamlPath[] = [
    ...indexes(data, "devices").map((index) => ["devices", index]),
    ...indexes(data, "variants").map((index) => ["variants", index, "dynamic", "device"]),
  ];
  return places.flatMap((path) => {
    const id = deviceId.safeParse(valueAt(data, path));
    return id.success ? [{ id: id.data, path }] : [];
  });
}

function indexes(data: unknown, key: string): number[] {
  const value = valueAt(data, [key]);
  return Array.isArray(value) ? [...value.keys()] : [];
}

function valueAt(data: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    return (value as Record<string | number, unknown>)[step];
  }, data);
}
