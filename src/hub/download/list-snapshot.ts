import { readlink, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isSystemError } from "../../util/errors.js";
import { listFiles } from "../../util/files.js";
import { type HubFile, isSafePath } from "../hub-file.js";

/**
 * Lists the files that another tool stored in a cached snapshot, with digests from the names of the linked blobs.
 * Returns an empty list without a snapshot. Skips regular files, whose digests are unknown.
 */
export async function listSnapshot(folder: string): Promise<HubFile[]> {
  const files: HubFile[] = [];
  for (const path of await listFiles(folder).catch(ignoreMissing)) {
    const blob = basename(await readlink(join(folder, path)).catch(() => ""));
    const size = (await stat(join(folder, path)).catch(() => undefined))?.size;
    if (!isSafePath(path) || size === undefined) continue;
    if (/^[0-9a-f]{64}$/.test(blob)) files.push({ path, bytes: size, digest: `sha256:${blob}`, blobId: "" });
    if (/^[0-9a-f]{40}$/.test(blob)) files.push({ path, bytes: size, digest: `git-sha1:${blob}`, blobId: blob });
  }
  return files;
}

function ignoreMissing(error: unknown): string[] {
  if (isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
  throw error;
}
