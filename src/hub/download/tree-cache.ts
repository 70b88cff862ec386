import { dirname } from "node:path";
import { writeFileAtomic } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import { type HubFile, isSafePath } from "../hub-file.js";
import type { RepoCache } from "./cache-layout.js";
import { makeRepoFolder } from "./make-repo-folder.js";

/** huggingface_hub's format of a repository listing at one commit. */
interface Tree {
  format_version: 1;
  files: Record<string, TreeEntry>;
}

interface TreeEntry {
  size: number;
  blob_id: string;
  lfs_sha256?: string;
  lfs_size?: number;
  xet_hash?: string;
}

/** Writes the complete listing of a commit to huggingface_hub's cache path. */
export async function writeTree(cache: RepoCache, commit: string, files: readonly HubFile[]): Promise<void> {
  const path = cache.tree(commit);
  const tree: Tree = { format_version: 1, files: Object.fromEntries(files.map((file) => [file.path, toEntry(file)])) };
  await makeRepoFolder(cache, dirname(path));
  await writeFileAtomic(path, JSON.stringify(tree, null, 2));
}

/** Returns the cached listing of a commit, sorted by path; undefined if it is missing or invalid. */
export async function readTree(path: string): Promise<HubFile[] | undefined> {
  try {
    const tree = JSON.parse(String(await readRegular(path))) as Tree;
    if (tree.format_version !== 1) return undefined;
    const files = Object.entries(tree.files).map(toFile);
    return files.every((file) => file !== undefined) ? files.sort((a, b) => (a.path < b.path ? -1 : 1)) : undefined;
  } catch {
    return undefined;
  }
}

function toEntry({ bytes, digest, blobId, xetHash }: HubFile): TreeEntry {
  const sha256 = /^sha256:(.*)$/.exec(digest)?.[1];
  return {
    size: bytes,
    blob_id: blobId,
    ...(sha256 === undefined ? {} : { lfs_sha256: sha256, lfs_size: bytes }),
    ...(xetHash === undefined ? {} : { xet_hash: xetHash }),
  };
}

function toFile([path, entry]: [string, TreeEntry]): HubFile | undefined {
  const { blob_id: blobId, lfs_sha256: sha256, xet_hash: xetHash } = entry;
  const bytes = entry.lfs_size ?? entry.size;
  if (!isSafePath(path) || !Number.isSafeInteger(bytes) || bytes < 0 || !/^[0-9a-f]{40}$/.test(blobId))
    return undefined;
  if (sha256 !== undefined && sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  const digest = sha256 ? `sha256:${sha256}` : `git-sha1:${blobId}`;
  return { path, bytes, digest, blobId, ...(xetHash ? { xetHash } : {}) };
}
