import PQueue from "p-queue";
import type { HubConnection } from "../connection.js";
import { type HubFile, isCommit, isSafePath } from "../hub-file.js";
import { TransferRate } from "../transfer-rate.js";
import { cacheError } from "./cache-error.js";
import { type RepoCache, repoCache } from "./cache-layout.js";
import { missingBytes, requireCacheSpace } from "./cache-space.js";
import { fetchBlob } from "./fetch-blob.js";
import { linkSnapshotFile, writeRef } from "./link-snapshot.js";
import { makeRepoFolder } from "./make-repo-folder.js";
import { writeTree } from "./tree-cache.js";

export interface SnapshotRequest {
  repo: string;
  commit: string;
  /** The revision that resolved to the commit; stored in the cache for offline runs. */
  revision: string;
  /** The files to download. */
  files: readonly Pick<HubFile, "path" | "bytes" | "digest">[];
  /** Complete listing of the repository at the commit, or empty; stored in the cache for offline runs. */
  listing: readonly HubFile[];
  /** Number of concurrent file downloads. */
  downloads: number;
}

export interface SnapshotHooks {
  signal: AbortSignal;
  /** `rate` is text such as `12.3 MB/s, 4 min left`, or empty. */
  onProgress: (done: number, total: number, rate: string) => void;
  onNote: (note: string) => void;
}

/**
 * Downloads files of one commit to the Hugging Face cache and verifies each. Returns the folder of the snapshot.
 * Errors: QS-FETCH-HASH, QS-HUB-*, QS-DISK-FULL, QS-ENV-CACHE, and QS-DISK-SPACE before anything is written.
 */
export async function downloadSnapshot(
  connection: HubConnection,
  request: SnapshotRequest,
  { signal, onProgress, onNote }: SnapshotHooks,
): Promise<string> {
  const { repo, commit, files } = request;
  if (!isCommit(commit) || !files.every(({ path }) => isSafePath(path)))
    throw new Error("the listing was not validated");
  const cache = repoCache(connection.cacheFolder, repo);
  await requireCacheSpace(connection.cacheFolder, connection.offline ? 0 : await missingBytes(cache, files));

  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = new Map<string, number>();
  const rate = new TransferRate();
  const onBytes = (path: string) => (bytes: number) => {
    done.set(path, bytes);
    const sum = [...done.values()].reduce((a, b) => a + b, 0);
    rate.record(sum);
    onProgress(sum, total, rate.describe(total));
  };

  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = new PQueue({ concurrency: request.downloads });
  await Promise.all(
    files.map((file) =>
      queue.add(async () => {
        if (either.aborted) return;
        try {
          const hooks = { signal: either, onBytes: onBytes(file.path), onNote };
          const blob = await fetchBlob(connection, { repo, commit, file, cache }, hooks);
          await linkSnapshotFile(cache, blob, commit, file.path);
        } catch (error) {
          failed.abort(cacheError(error));
        }
      }),
    ),
  );
  either.throwIfAborted();
  if (!connection.offline) {
    await storeListing(cache, request).catch((error) => {
      throw cacheError(error);
    });
  }
  return cache.snapshot(commit);
}

async function storeListing(cache: RepoCache, { commit, revision, listing }: SnapshotRequest): Promise<void> {
  await makeRepoFolder(cache, cache.folder);
  if (listing.length > 0) await writeTree(cache, commit, listing);
  await writeRef(cache, revision, commit);
}
