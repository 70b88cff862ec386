import { stat } from "node:fs/promises";
import { sha256File } from "./sha256.js";

interface Identity {
  bytes: number;
  /** Device and inode: links to one file share an entry. */
  file: string;
  /** Size and times, which differ if the content may have changed. */
  state: string;
}

/** Caches sha256 of unchanged files, so that a large checkpoint is hashed once per process. */
export class DigestCache {
  readonly #cached = new Map<string, { state: string; sha256: string }>();
  readonly #onHash: (path: string, bytes: number) => void;

  /** Calls `onHash` before a file is read. */
  constructor(onHash: (path: string, bytes: number) => void = () => undefined) {
    this.#onHash = onHash;
  }

  /** Returns the sha256 of a file's content, following links. Rejects with Node's error for an unreadable file. */
  async digest(path: string, signal?: AbortSignal): Promise<string> {
    const before = await identify(path);
    const cached = this.#cached.get(before.file);
    if (cached?.state === before.state) return cached.sha256;
    this.#onHash(path, before.bytes);
    const sha256 = await sha256File(path, signal);
    // A file that changed meanwhile is not cached, so the next call hashes it again.
    if ((await identify(path)).state === before.state) this.#cached.set(before.file, { state: before.state, sha256 });
    return sha256;
  }
}

async function identify(path: string): Promise<Identity> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { bytes: Number(size), file: `${dev}:${ino}`, state: `${size}:${mtimeNs}:${ctimeNs}` };
}
