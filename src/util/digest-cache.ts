import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { sha256File } from "./sha256.js";

/** Caches sha256 of unchanged files, so that a large checkpoint is hashed once per process. */
export class DigestCache {
  /** By device and inode: links to one file share an entry. */
  readonly #cached = new Map<string, { stats: BigIntStats; sha256: string }>();
  readonly #onHash: (path: string, bytes: number) => void;

  /** Calls `onHash` before a file is read. */
  constructor(onHash: (path: string, bytes: number) => void = () => undefined) {
    this.#onHash = onHash;
  }

  /** Returns the sha256 of a file's content, following links. Rejects with Node's error for an unreadable file. */
  async digest(path: string, signal?: AbortSignal): Promise<string> {
    const before = await stat(path, { bigint: true });
    const cached = this.#cached.get(identity(before));
    if (cached !== undefined && isUnchanged(cached.stats, before)) return cached.sha256;
    this.#onHash(path, Number(before.size));
    const sha256 = await sha256File(path, signal);
    // A file that changed meanwhile is not cached, so the next call hashes it again.
    if (isUnchanged(before, await stat(path, { bigint: true })))
      this.#cached.set(identity(before), { stats: before, sha256 });
    return sha256;
  }

  /** Stores a digest that the caller has just verified. Rejects like `digest`. */
  async add(path: string, sha256: string): Promise<void> {
    const stats = await stat(path, { bigint: true });
    this.#cached.set(identity(stats), { stats, sha256 });
  }

  /** Returns the state of a file when it was last hashed or added, else its present state. Rejects like `digest`. */
  async lastState(path: string): Promise<BigIntStats> {
    const now = await stat(path, { bigint: true });
    return this.#cached.get(identity(now))?.stats ?? now;
  }
}

const identity = ({ dev, ino }: BigIntStats) => `${dev}:${ino}`;

/** Whether a file has the same size and times, which differ if its content may have changed. */
function isUnchanged(before: BigIntStats, now: BigIntStats): boolean {
  return wasNotWritten(before, now) && before.ctimeNs === now.ctimeNs;
}

/**
 * Whether a path still leads to the same file, and nothing has written to it meanwhile, even if its content and mtime are
 * the same again. Adding a hard link also changes ctime, but writes nothing.
 */
export function isUntouched(before: BigIntStats, now: BigIntStats): boolean {
  return (
    identity(before) === identity(now) &&
    wasNotWritten(before, now) &&
    (before.ctimeNs === now.ctimeNs || before.nlink !== now.nlink)
  );
}

function wasNotWritten(before: BigIntStats, now: BigIntStats): boolean {
  return before.size === now.size && before.mtimeNs === now.mtimeNs;
}
