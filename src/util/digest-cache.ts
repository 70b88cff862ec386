import { stat } from "node:fs/promises";
import { sha256File } from "./sha256.js";

/** What identifies an unchanged file on this machine: name, size, modification time in ns, inode, status change time. */
async function identity(path: string): Promise<string> {
  const { size, mtimeNs, ino, ctimeNs } = await stat(path, { bigint: true });
  return `${size}:${mtimeNs}:${ino}:${ctimeNs}`;
}

/** Remembers sha256 of files while they stay untouched, so that a large checkpoint is hashed once per process. */
export class DigestCache {
  readonly #known = new Map<string, { identity: string; sha256: string }>();

  /** sha256 of a file's content; rejects with Node's error when it cannot be read. */
  async digest(path: string, signal?: AbortSignal): Promise<string> {
    const before = await identity(path);
    const known = this.#known.get(path);
    if (known?.identity === before) return known.sha256;
    const sha256 = await sha256File(path, signal);
    // A file that changed meanwhile gets no place in the cache; the next question reads it again.
    if ((await identity(path)) === before) this.#known.set(path, { identity: before, sha256 });
    return sha256;
  }

  /** Entries in a form that `restore` takes back. */
  entries(): [string, { identity: string; sha256: string }][] {
    return [...this.#known];
  }

  restore(entries: Iterable<[string, { identity: string; sha256: string }]>): void {
    for (const [path, entry] of entries) this.#known.set(path, entry);
  }
}
