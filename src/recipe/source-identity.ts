import { realpath } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { ModelSource } from "./model-source.js";

/**
 * Returns the identity of a source, which is the same for all revisions and contents: `hf:org/name`, `hf:org/name/file.gguf`,
 * or a real path; of a repository in the Hugging Face cache that of its entry.
 */
export async function sourceIdentity(source: ModelSource): Promise<string> {
  if (source.kind === "hub") return `hf:${source.repo}${source.file === undefined ? "" : `/${source.file}`}`;
  const real = await realpath(source.path).catch(() => resolve(source.path));
  const [, entry] = cached.exec(real) ?? [];
  if (entry === undefined) return real;
  return source.kind === "gguf" ? join(entry, basename(source.path)) : entry;
}

/** A snapshot of a repository in the Hugging Face cache, or what a link in one leads to. */
const cached = /^(.*\/models--[^/]+)\/(?:snapshots|blobs)\//;
