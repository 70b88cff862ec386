import { basename, resolve } from "node:path";
import { parseHubGgufRef, parseHubRef } from "../hub/hub-ref.js";
import { fileNamePart } from "./schema-parts.js";

export type ModelSource =
  /** A checkpoint folder. */
  | { kind: "local"; path: string }
  /** A GGUF file, or the first of several splits. */
  | { kind: "gguf"; path: string }
  /** A repository: its checkpoint, or the GGUF file in it that `file` names. */
  | { kind: "hub"; repo: string; revision: string; file?: string };

/** Returns true for a source that names a GGUF file. */
export function isGgufSource(source: string): boolean {
  return source.startsWith("hf:") ? parseHubGgufRef(source) !== undefined : /\.gguf$/i.test(source);
}

/** Reads an `hf:` source: a repository, or a GGUF file in one. Returns undefined for anything else. */
export function parseHubSource(source: string): { repo: string; revision?: string; path?: string } | undefined {
  return parseHubGgufRef(source) ?? parseHubRef(source);
}

/** A snapshot, or the whole entry, of a repository in the Hugging Face cache. */
const cacheEntry = /(?:^|\/)models--(?:[^/]+?--)?([^/]+?)(?:\/snapshots\/[^/]+)?$/;

/**
 * Returns the default name of a model in file names: the last part of its source without accents, other invalid
 * characters replaced by `-`; for a folder of the Hugging Face cache, the repository's name instead of the commit.
 * Undefined if no valid name results.
 */
export function defaultModelName(source: string, folder: string): string | undefined {
  const hub = parseHubSource(source);
  const path = resolve(folder, source);
  const last = basename(hub?.path ?? hub?.repo ?? cacheEntry.exec(path)?.[1] ?? path);
  const name = (isGgufSource(source) ? ggufStem(last) : last)
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return fileNamePart.test(name) ? name : undefined;
}

/** The name without the number of the split and the type of the base, which variants replace by their own. */
function ggufStem(file: string): string {
  return file
    .replace(/(-\d{5}-of-\d{5})?\.gguf$/i, "")
    .replace(/(?<=.)[-._](bf16|f16|fp16|f32|fp32|mxfp4(_moe)?)$/i, "");
}
