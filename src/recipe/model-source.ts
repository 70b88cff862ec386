import { basename, resolve } from "node:path";
import { fileNamePart } from "./schema-parts.js";

export type ModelSource = { kind: "local"; path: string } | { kind: "hub"; repo: string; revision: string };

/** Reads a valid `model.source`; a folder is relative to `folder`. */
export function modelSource(source: string, revision: string, folder: string): ModelSource {
  if (source.startsWith("hf:")) return { kind: "hub", repo: source.slice("hf:".length), revision };
  return { kind: "local", path: resolve(folder, source) };
}

/**
 * The model's name in file names when the recipe gives none: the last part of its source, accents dropped and
 * other characters that cannot stand there replaced by `-`. Undefined when nothing usable remains.
 */
export function defaultModelName(source: string, folder: string): string | undefined {
  const last = source.startsWith("hf:") ? basename(source) : basename(resolve(folder, source));
  const name = last
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return fileNamePart.test(name) ? name : undefined;
}
