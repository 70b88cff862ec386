import { stat } from "node:fs/promises";
import { sha256File } from "./sha256.js";

interface Identity {
  /** Which file it is, whatever its name: links to one file share an entry. */
  file: string;
  /** What changes when its content may have changed. */
  state: string;
}

/** Remembers sha256 of files while they stay untouched, so that a large checkpoint is hashed once per process. */
export class DigestCache {
  readonly #known = new Map<string, { state: string; sha256: string }>();

  /** sha256 of a file's content, links followed; rejects with Node's error when it cannot be read. */
  async digest(path: string, signal?: AbortSignal): Promise<string> {
    const before = await identify(path);
    const known = this.#known.get(before.file);
    if (known?.state === before.state) return known.sha256;
    const sha256 = await sha256File(path, signal);
    // A file that changed meanwhile gets no place in the cache; the next question reads it again.
    if ((await identify(path)).state === before.state) this.#known.set(before.file, { state: before.state, sha256 });
    return sha256;
  }
}

async function identify(path: string): Promise<Identity> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { file: `${dev}:${ino}`, state: `${size}:${mtimeNs}:${ctimeNs}` };
}
