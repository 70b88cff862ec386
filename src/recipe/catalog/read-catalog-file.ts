import { type CatalogFile, catalogFile } from "../../hardware/catalog/catalog-file.js";
import { checkFile } from "../check-file.js";
import { parseYaml, type YamlFile } from "../yaml/parse-yaml.js";
import { readTextFile } from "../yaml/read-text-file.js";
import { checkCatalog, type SourceKinds } from "./check-catalog.js";

/** Parses a catalog file without checking it. Errors: QS-CATALOG-MISSING, QS-RECIPE-YAML. */
export async function readCatalogFile(path: string): Promise<YamlFile> {
  return parseYaml(await readTextFile(path, path, "QS-CATALOG-MISSING"), path, "QS-CATALOG-INVALID");
}

/** Checks a catalog file; `known` are the sources of all catalog files in use. Errors: QS-CATALOG-INVALID. */
export function typedCatalogFile(file: YamlFile, known: SourceKinds): CatalogFile {
  return checkFile(file, catalogFile, "QS-CATALOG-INVALID", (data) => checkCatalog(data, known));
}
