import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CatalogFile, catalogFile } from "../hardware/catalog/catalog-file.js";
import { mergeCatalog } from "../hardware/catalog/merge-catalog.js";
import type { Catalog } from "../hardware/device.js";
import { packageRoot } from "../util/package-root.js";
import { checkCatalog, type SourceKinds, sourceKinds } from "./check-catalog.js";
import { checkFile } from "./check-file.js";
import { parseYaml, type YamlFile } from "./parse-yaml.js";
import { readTextFile } from "./read-text-file.js";

const folder = fileURLToPath(new URL("devices", packageRoot));

/** The package's own files, which stay the same while a program runs; reading them takes a quarter of a second. */
let own: Promise<YamlFile[]> | undefined;

/**
 * The device catalog: `devices/*.yaml` of the package, then the user's files, which add to it and replace what has the
 * same id. A figure may cite a source of any of them.
 * Throws `QS-CATALOG-MISSING`, or a RecipeError with every problem of a file (`QS-CATALOG-INVALID`, `QS-RECIPE-YAML`).
 */
export async function loadCatalog(extraFiles: readonly string[] = []): Promise<Catalog> {
  own ??= readOwn();
  const files = [...(await own), ...(await Promise.all(extraFiles.map(readYaml)))];
  const known: SourceKinds = new Map(files.flatMap((file) => [...sourceKinds(file.data)]));
  return mergeCatalog(files.map((file) => typed(file, known)));
}

async function readOwn(): Promise<YamlFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  return Promise.all(names.map((name) => readYaml(join(folder, name))));
}

async function readYaml(path: string): Promise<YamlFile> {
  return parseYaml(await readTextFile(path, path, "QS-CATALOG-MISSING"), path, "QS-CATALOG-INVALID");
}

function typed(file: YamlFile, known: SourceKinds): CatalogFile {
  return checkFile(file, catalogFile, "QS-CATALOG-INVALID", (data) => checkCatalog(data, known));
}
