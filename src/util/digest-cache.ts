import { type LiveFileState, liveFileState, sameState } from "./file-state.js";
import { isOnlyLinked } from "./own-links.js";
import { sha256File } from "./sha256.js";

/**
 * Caches sha256 of files that are unchanged but for hard links of this process, so that a large checkpoint is hashed once per
 * process.
 */
export class DigestCache {
  /** By device and inode: links to one file share an entry. */
  readonly #cached = new Map<string, { state: LiveFileState; sha256: string }>();
  readonly #onHash: (path: string, bytes: number) => void;

  /** Calls `onHash` before a file is read. */
  constructor(onHash: (path: string, bytes: number) => void = () => undefined) {
    this.#onHash = onHash;
  }

  /** Returns the sha256 of a file's content, following links. Rejects with Node's error for an unreadable file. */
  async digest(path: string, signal?: AbortSignal): Promise<string> {
    const before = await liveFileState(path);
    const cached = this.#cached.get(identity(before));
    if (cached !== undefined && isOnlyLinked(cached.state, before)) return cached.sha256;
    this.#onHash(path, before.bytes);
    const sha256 = await sha256File(path, signal);
    // A file that changed meanwhile is not cached, so the next call hashes it again.
    if (sameState(before, await liveFileState(path))) this.#cached.set(identity(before), { state: before, sha256 });
    return sha256;
  }

  /** Stores a digest that the caller has just verified. Rejects like `digest`. */
  async add(path: string, sha256: string): Promise<void> {
    const state = await liveFileState(path);
    this.#cached.set(identity(state), { state, sha256 });
  }

  /** Returns the state of a file when it was last hashed or added, else its present state. Rejects like `digest`. */
  async lastState(path: string): Promise<LiveFileState> {
    const now = await liveFileState(path);
    return this.#cached.get(identity(now))?.state ?? now;
  }
}

const identity = ({ device, inode }: LiveFileState) => `${device}:${inode}`;
