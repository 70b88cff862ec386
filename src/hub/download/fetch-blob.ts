import { stat } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import type { HubConnection } from "../connection.js";
import { type ContentDigest, parseDigest } from "../digest.js";
import { hashFile, smallBytes } from "../hash-file.js";
import { offlineError } from "../hub-error.js";
import { withBlobLock } from "./blob-lock.js";
import { requireNoFolder } from "./cache-error.js";
import type { RepoCache } from "./cache-layout.js";
import { fillPartial } from "./fill-partial.js";
import { HashFollower } from "./hash-follower.js";
import { makeRepoFolder } from "./make-repo-folder.js";
import { PartialFile } from "./partial-file.js";
import { RemoteFile } from "./remote-file.js";

export interface BlobRequest {
  repo: string;
  commit: string;
  file: { path: string; bytes: number; digest: string };
  cache: RepoCache;
}

export interface BlobHooks {
  signal: AbortSignal;
  /** Called with the downloaded bytes of the file; decreases when a download restarts. */
  onBytes: (bytes: number) => void;
  onNote: (note: string) => void;
}

/**
 * Returns the path of a file's verified content in the cache. Downloads the content if necessary, and continues the
 * partial download of an earlier process.
 * Errors: QS-FETCH-HASH if the digest differs from the Hub's listing twice in a row; QS-ENV-CACHE, QS-HUB-*; Node's errors of the disk.
 */
export async function fetchBlob(connection: HubConnection, request: BlobRequest, hooks: BlobHooks): Promise<string> {
  const { file, cache } = request;
  const digest = parseDigest(file.digest, file.bytes);
  const blob = join(cache.blobs, digest.hex);
  const present = async (signal: AbortSignal) => {
    if (!(await isIntact(blob, file.bytes, digest, signal))) return false;
    hooks.onBytes(file.bytes);
    return true;
  };
  if (await present(hooks.signal)) return blob;
  if (connection.offline) throw offlineError(`${file.path} of ${request.repo} at ${request.commit}`);
  await makeRepoFolder(cache, cache.blobs);
  await makeRepoFolder(cache, cache.locks);
  const onWait = (owner: string) => hooks.onNote(`${file.path}: another run is downloading it: ${owner}`);
  return withBlobLock(cache.locks, digest.hex, { signal: hooks.signal, onWait }, async (signal) => {
    if (await present(signal)) return blob;
    await requireNoFolder(blob);
    await download(connection, request, digest, blob, { ...hooks, signal });
    return blob;
  });
}

/** Returns the path of a partial download. Python's tools use other names, so neither continues the other's file. */
export function partialPath(blob: string): string {
  return `${blob}.quantsmith.incomplete`;
}

async function download(
  connection: HubConnection,
  { repo, commit, file }: BlobRequest,
  digest: ContentDigest,
  blob: string,
  hooks: BlobHooks,
): Promise<void> {
  const { limits } = connection;
  const remote = new RemoteFile(connection, repo, commit, file);
  const partial = await PartialFile.open(partialPath(blob), file.bytes, limits.pieceBytes);
  try {
    // One restart: pieces written before a power failure, or one bad response, can damage the file.
    for (let restarted = false; ; restarted = true) {
      const actual = await fillAndHash(remote, partial, digest, connection, hooks);
      if (actual === digest.hex) break;
      if (restarted) {
        await partial.discard();
        throw wrongContent(`${repo}/${file.path}`, file.digest, actual);
      }
      await partial.restart();
      hooks.onNote(`${file.path}: wrong digest, downloading again`);
    }
    await partial.moveTo(blob);
  } finally {
    await partial.close();
  }
}

/** Downloads the missing parts. Returns the digest of the file, computed during the download. */
async function fillAndHash(
  remote: RemoteFile,
  partial: PartialFile,
  digest: ContentDigest,
  { limits }: HubConnection,
  { signal, onBytes }: BlobHooks,
): Promise<string> {
  const start = () => (partial.bytes <= smallBytes ? undefined : new HashFollower(partial.path, partial.bytes, digest));
  let follower = start();
  let followed = 0;
  const onChange = () => {
    onBytes(partial.doneBytes);
    const there = partial.prefixBytes;
    if (there < followed) {
      void follower?.stop();
      follower = start();
    }
    followed = there;
    follower?.advance(there);
  };
  try {
    onChange();
    await fillPartial(remote, partial, { limits, signal, onChange });
    return await (follower?.digest(signal) ?? hashFile(partial.path, partial.bytes, digest, signal));
  } finally {
    await follower?.stop();
  }
}

/** Returns true if the blob exists and matches the digest. */
async function isIntact(path: string, bytes: number, digest: ContentDigest, signal: AbortSignal): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size !== bytes) return false;
  return (await hashFile(path, bytes, digest, signal)) === digest.hex;
}

function wrongContent(name: string, expected: string, actual: string): QuantsmithError {
  return new QuantsmithError(
    "QS-FETCH-HASH",
    `the digest of ${name} was wrong twice: ${actual} instead of ${expected}`,
    {
      remedy: "Check `HF_ENDPOINT` and the proxies in use: one of them may change the content.",
    },
  );
}
