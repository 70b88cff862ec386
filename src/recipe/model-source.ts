import { basename, resolve } from "node:path";
import { parseHubRef } from "../hub/hub-ref.js";
import { fileNamePart } from "./schema-parts.js";

export type ModelSource = { kind: "local"; path: string } | { kind: "hub"; repo: string; revision: string };

/**
 * Returns the default name of a model in file names: the last part of its source without accents, other invalid
 * characters replaced by `-`. Undefined if no valid name results.
 */
export function defaultModelName(source: string, folder: string): string | undefined {
  const name = basename(parseHubRef(source)?.repo ?? resolve(folder, source))
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return fileNamePart.test(name) ? name : undefined;
}
