import type { Shingle } from "./shingles.js";

/** Limit of stored shingles; the table uses 32 bytes for each. */
const maxShingles = 2 ** 21;

/**
 * Stores shingles with their text and line, in bounded memory: of larger texts it keeps every n-th shingle by hash, which
 * still finds long shared passages and may miss short ones.
 */
export class ShingleTable {
  readonly #step: number;
  readonly #mask: number;
  readonly #firsts: Int32Array;
  readonly #seconds: Int32Array;
  readonly #lines: Uint32Array;
  /** Index of the text plus one; 0 marks a free slot. */
  readonly #owners: Uint32Array;
  readonly #room: number;
  #size = 0;

  /** `characters` is the approximate length of all texts. */
  constructor(characters: number) {
    this.#step = Math.max(1, Math.ceil(characters / maxShingles));
    const places = 2 ** Math.ceil(Math.log2(Math.max(1024, (characters / this.#step) * 2)));
    this.#mask = places - 1;
    this.#room = Math.floor(places * 0.8);
    this.#firsts = new Int32Array(places);
    this.#seconds = new Int32Array(places);
    this.#lines = new Uint32Array(places);
    this.#owners = new Uint32Array(places);
  }

  /** Returns true for shingles that the table stores. */
  keeps({ second }: Shingle): boolean {
    return this.#step === 1 || (mix(second) >>> 0) % this.#step === 0;
  }

  /** Returns the first occurrence of the shingle; undefined for a new one. */
  find(shingle: Shingle): { owner: number; line: number } | undefined {
    const place = this.#place(shingle);
    const owner = this.#owners[place] ?? 0;
    return owner === 0 ? undefined : { owner: owner - 1, line: this.#lines[place] ?? 0 };
  }

  add(shingle: Shingle, owner: number): void {
    const place = this.#place(shingle);
    if (this.#owners[place] !== 0 || this.#size >= this.#room) return;
    this.#size++;
    this.#firsts[place] = shingle.first;
    this.#seconds[place] = shingle.second;
    this.#lines[place] = shingle.line;
    this.#owners[place] = owner + 1;
  }

  /** Returns the slot of the shingle, or the free slot for it. */
  #place({ first, second }: Shingle): number {
    let place = mix(first ^ second) & this.#mask;
    while (this.#owners[place] !== 0 && (this.#firsts[place] !== first || this.#seconds[place] !== second)) {
      place = (place + 1) & this.#mask;
    }
    return place;
  }
}

/** Mixes the bits of a hash, whose low bits depend mostly on the last characters. */
function mix(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return half ^ (half >>> 15);
}
