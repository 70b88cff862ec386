import { readlink, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isSystemError } from "../../util/errors.js";
import { listFiles } from "../../util/files.js";
import { type HubFile, isSafePath } from "../hub-file.js";

/**
 * The files that another tool has put into a cached snapshot, known by the names of the blobs they link to.
 * Empty when there is no such snapshot; files that are no links are left out, since nothing vouches for their content.
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
