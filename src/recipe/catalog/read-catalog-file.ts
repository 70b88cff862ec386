import { dirname } from "node:path";
import { type CatalogFile, catalogFile } from "../../hardware/catalog/catalog-file.js";
import { checkFile } from "../check-file.js";
import { isForeign } from "../yaml/is-foreign.js";
import { parseYaml, type YamlFile } from "../yaml/parse-yaml.js";
import { readTextFile } from "../yaml/read-text-file.js";
import { checkCatalog, type SourceKinds } from "./check-catalog.js";

/** Parses a catalog file that a file in `folder` names, without checking it. Errors: QS-CATALOG-MISSING, QS-RECIPE-YAML. */
export async function readCatalogFile(path: string, folder = dirname(path)): Promise<YamlFile> {
  const text = await readTextFile(path, path, "QS-CATALOG-MISSING");
  return parseYaml(text, path, "QS-CATALOG-INVALID", await isForeign(path, folder));
}

/** Checks a catalog file; `known` are the sources of all catalog files in use. Errors: QS-CATALOG-INVALID. */
export function typedCatalogFile(file: YamlFile, known: SourceKinds): CatalogFile {
  return checkFile(file, catalogFile, "QS-CATALOG-INVALID", (data) => checkCatalog(data, known));
}
