/** Characters of a shingle. */
export const shingleLength = 64;
/** Rules, padding and tables of zeros are the same everywhere and tell nothing about where a text came from. */
const minDistinct = 12;

/** One shingle as it passes by. */
export interface Shingle {
  /** Two independent 32-bit hashes: one pair in 10^19 is equal by chance. */
  first: number;
  second: number;
  /** Line its first character stands on. */
  line: number;
  /** Characters walked over before its last one, white space counted as one. */
  position: number;
}

const base = { first: 0x01000193, second: 0x9e3779b1 } as const;
const leaving = { first: power(base.first), second: power(base.second) } as const;

/**
 * Walks over every run of 64 characters of a text, runs of white space counted as one space, and calls `visit` for
 * each that has at least 12 different characters. Polynomial rolling hashes modulo 2^32; constant memory.
 * Feed a text in pieces with `push`; `text()` is the current shingle.
 */
export class ShingleWalk {
  readonly #visit: (shingle: Shingle) => boolean;
  readonly #codes = new Uint16Array(shingleLength);
  readonly #lines = new Uint32Array(shingleLength);
  readonly #counts = new Uint8Array(65_536);
  #distinct = 0;
  #length = 0;
  #first = 0;
  #second = 0;
  #inSpace = true;

  /** `visit` returns false to end the walk. */
  constructor(visit: (shingle: Shingle) => boolean) {
    this.#visit = visit;
  }

  /** Walks on; `line` is the line the piece begins on, `counts` whether its line breaks count. False when ended. */
  push(text: string, line: number, counts: boolean): boolean {
    let current = line;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (isSpace(code)) {
        if (!this.#inSpace && !this.#add(32, current)) return false;
        this.#inSpace = true;
        if (code === 10 && counts) current++;
      } else {
        this.#inSpace = false;
        if (!this.#add(code, current)) return false;
      }
    }
    return true;
  }

  /** The characters of the shingle that was visited last. */
  text(): string {
    const start = this.#length % shingleLength;
    return String.fromCharCode(...this.#codes.subarray(start), ...this.#codes.subarray(0, start));
  }

  #add(code: number, line: number): boolean {
    const place = this.#length % shingleLength;
    const old = this.#length < shingleLength ? -1 : (this.#codes[place] ?? 0);
    if (old >= 0) {
      const left = (this.#counts[old] ?? 0) - 1;
      this.#counts[old] = left;
      if (left === 0) this.#distinct--;
    }
    const count = (this.#counts[code] ?? 0) + 1;
    this.#counts[code] = count;
    if (count === 1) this.#distinct++;
    this.#codes[place] = code;
    this.#lines[place] = line;
    this.#length++;
    const gone = old < 0 ? 0 : old + 1;
    this.#first = (Math.imul(this.#first, base.first) + code + 1 - Math.imul(gone, leaving.first)) | 0;
    this.#second = (Math.imul(this.#second, base.second) + code + 1 - Math.imul(gone, leaving.second)) | 0;
    if (this.#length < shingleLength || this.#distinct < minDistinct) return true;
    // A space at the beginning may be the end of the line before.
    const start = this.#length + (this.#codes[this.#length % shingleLength] === 32 ? 1 : 0);
    const from = this.#lines[start % shingleLength] ?? line;
    return this.#visit({ first: this.#first, second: this.#second, line: from, position: this.#length });
  }
}

/** White space as regular expressions have it, without their cost per character. */
function isSpace(code: number): boolean {
  return code <= 32 || code === 0xa0 || code === 0x3000 || code === 0x2028 || code === 0x2029 || code === 0xfeff;
}

/** `factor` to the power of the shingle's length, modulo 2^32. */
function power(factor: number): number {
  let result = 1;
  for (let index = 0; index < shingleLength; index++) result = Math.imul(result, factor);
  return result;
}
