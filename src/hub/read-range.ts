import { join } from "node:path";
import { openRegular } from "../util/regular-file.js";
import type { HubConnection } from "./connection.js";
import { parseDigest } from "./digest.js";
import { repoCache } from "./download/cache-layout.js";
import { RangesUnsupported, RemoteFile } from "./download/remote-file.js";
import type { HubFile } from "./hub-file.js";
import { readBody } from "./read-body.js";
import { retry } from "./retry-policy.js";

const never = new AbortController().signal;

/** Reads bytes of one file; undefined where they cannot be had: offline, or from a server without range requests. */
export type ReadRange = (start: number, end: number) => Promise<Buffer | undefined>;

/**
 * Returns a reader for parts of a file at a commit, such as its header: from the cache if the file is there and `isCached` is
 * not false, else with range requests. `end` is exclusive and at most the file's size. Errors of the reader: QS-HUB-*.
 */
export function hubRangeReader(
  connection: HubConnection,
  { repo, commit, file, isCached = true }: { repo: string; commit: string; file: HubFile; isCached?: boolean },
  signal: AbortSignal = never,
): ReadRange {
  const remote = new RemoteFile(connection, repo, commit, file);
  const blob = join(repoCache(connection.cacheFolder, repo).blobs, parseDigest(file.digest, file.bytes).hex);
  return async (start, end) => {
    const cached = isCached ? await readPart(blob, file.bytes, start, end) : undefined;
    if (cached !== undefined || connection.offline) return cached;
    try {
      return await retry(connection.limits, signal, async () =>
        readBody(await remote.fetchRange({ start, end }, undefined, signal), end - start, remote.subject),
      );
    } catch (error) {
      if (error instanceof RangesUnsupported) return undefined;
      throw error;
    }
  };
}

/** Reads a part of a cached file; undefined if it is not there, or not complete. */
async function readPart(path: string, bytes: number, start: number, end: number): Promise<Buffer | undefined> {
  const file = await openRegular(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    if ((await file.stat()).size !== bytes) return undefined;
    const part = Buffer.alloc(end - start);
    const { bytesRead } = await file.read(part, 0, part.length, start);
    return bytesRead === part.length ? part : undefined;
  } finally {
    await file.close();
  }
}
