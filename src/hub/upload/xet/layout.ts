import type { FileChunk } from "./chunks-of.js";
import type { StoredChunk } from "./known-chunks.js";
import type { Term } from "./shard.js";
import { Xorb } from "./xorb.js";

/** Builds the description of a file from its chunks in order: ranges of stored xorbs, and new xorbs of the others. */
export class Layout {
  readonly xorbs: Xorb[] = [];
  readonly #terms: (Omit<Term, "xorb"> & { xorb: Xorb | Uint8Array })[] = [];
  readonly #xorbBytes: number;
  #open: Xorb;

  constructor(xorbBytes: number) {
    this.#xorbBytes = xorbBytes;
    this.#open = new Xorb(xorbBytes);
  }

  /** Adds a chunk of the storage. */
  refer(chunk: FileChunk, { xorb, index }: StoredChunk): void {
    this.#extend(xorb, index, chunk);
  }

  /** Adds a new chunk. Returns a xorb that is complete because the chunk did not fit. */
  add(chunk: FileChunk): Xorb | undefined {
    const full = this.#open.fits(chunk) ? undefined : this.close();
    this.#extend(this.#open, this.#open.chunks.length, chunk);
    this.#open.add(chunk);
    return full;
  }

  /** Returns the last xorb; undefined if it is empty. */
  close(): Xorb | undefined {
    const xorb = this.#open;
    if (xorb.chunks.length === 0) return undefined;
    this.xorbs.push(xorb);
    this.#open = new Xorb(this.#xorbBytes);
    return xorb;
  }

  /** The terms of a file whose xorbs are closed. */
  get terms(): Term[] {
    return this.#terms.map(({ xorb, ...term }) => ({ ...term, xorb: xorb instanceof Xorb ? xorb.hash : xorb }));
  }

  #extend(xorb: Xorb | Uint8Array, index: number, chunk: FileChunk): void {
    const last = this.#terms.at(-1);
    if (last?.xorb === xorb && last.to === index) {
      last.to += 1;
      last.chunks.push(chunk);
    } else this.#terms.push({ xorb, from: index, to: index + 1, chunks: [chunk] });
  }
}
