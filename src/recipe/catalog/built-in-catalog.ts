import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CatalogFile } from "../../hardware/catalog/catalog-file.js";
import { packageRoot } from "../../util/package-root.js";
import { sourceKinds } from "./check-catalog.js";
import { readCatalogFile, typedCatalogFile } from "./read-catalog-file.js";

const folder = fileURLToPath(new URL("devices", packageRoot));

/** The catalog that the build parsed and checked, beside the compiled code; a source tree has none. */
export const compiledCatalog = new URL("own-catalog.json", import.meta.url);

/** Cached, since the package's files do not change during a process. */
let builtIn: Promise<readonly CatalogFile[]> | undefined;

/** Returns the package's `devices/*.yaml`, from the build if available: parsing them takes a quarter of a second. */
export function builtInCatalog(): Promise<readonly CatalogFile[]> {
  builtIn ??= readCompiled().then((compiled) => compiled ?? readBuiltInFiles());
  return builtIn;
}

/** Reads and checks `devices/*.yaml`. Errors: QS-CATALOG-INVALID. */
export async function readBuiltInFiles(): Promise<CatalogFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const files = await Promise.all(names.map((name) => readCatalogFile(join(folder, name))));
  const known = new Map(files.flatMap((file) => [...sourceKinds(file.data)]));
  return files.map((file) => typedCatalogFile(file, known));
}

async function readCompiled(): Promise<CatalogFile[] | undefined> {
  try {
    return JSON.parse(await readFile(compiledCatalog, "utf8")) as CatalogFile[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
