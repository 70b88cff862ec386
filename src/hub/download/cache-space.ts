import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "../../util/bytes.js";
import { makeCacheFolder } from "../../util/cache-folder.js";
import { QuantsmithError } from "../../util/errors.js";
import { parseDigest } from "../digest.js";
import type { RepoCache } from "./cache-layout.js";
import { partialPath } from "./fetch-blob.js";
import { partialBytes } from "./partial-file.js";

/** Free space that must remain, since other processes write to the same disk. */
const marginBytes = 64 * 2 ** 20;

interface SizedContent {
  bytes: number;
  digest: string;
}

/** Returns the bytes missing from the cache, judged by file sizes. Files may share content. */
export async function missingBytes(cache: RepoCache, files: readonly SizedContent[]): Promise<number> {
  const byContent = new Map(files.map((file) => [file.digest, file]));
  let missing = 0;
  for (const { bytes, digest } of byContent.values()) {
    const blob = join(cache.blobs, parseDigest(digest, bytes).hex);
    const whole = (await stat(blob).catch(() => undefined))?.size === bytes;
    if (!whole) missing += bytes - Math.min(bytes, await partialBytes(partialPath(blob)));
  }
  return missing;
}

/** Throws QS-DISK-SPACE if the missing bytes do not fit on the cache's disk, and QS-ENV-CACHE. */
export async function requireCacheSpace(cacheFolder: string, missing: number): Promise<void> {
  if (missing === 0) return;
  await makeCacheFolder(cacheFolder, "HF_HUB_CACHE");
  const { bavail, bsize } = await statfs(cacheFolder);
  if (bavail * bsize >= missing + marginBytes) return;
  const free = formatBytes(bavail * bsize);
  throw new QuantsmithError(
    "QS-DISK-SPACE",
    `the download needs ${formatBytes(missing + marginBytes)}, but only ${free} are free in ${cacheFolder}`,
    { remedy: "Free disk space or set `HF_HUB_CACHE` to another folder, then run again." },
  );
}
