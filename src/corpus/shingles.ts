/** Characters per shingle. */
export const shingleLength = 64;
/** Excludes rules, padding and tables of zeros, which occur in unrelated texts. */
const minDistinct = 12;

/** One shingle of a text. */
export interface Shingle {
  /** Two independent 32-bit hashes: one pair in 10^19 is equal by chance. */
  first: number;
  second: number;
  /** Line of the first character. */
  line: number;
  /** Number of characters up to the last one, runs of white space counted as one. */
  position: number;
}

const base = { first: 0x01000193, second: 0x9e3779b1 } as const;
const leaving = { first: power(base.first), second: power(base.second) } as const;

/**
 * Visits every run of 64 characters of a text, with runs of white space as one space, that has at least 12 distinct
 * characters. Uses polynomial rolling hashes modulo 2^32 and constant memory. `push` adds text in pieces.
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

  /** Adds a piece that starts on `line`; `counts`: whether its line breaks count. Returns false after the walk has ended. */
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
    // A leading space may belong to the previous line.
    const start = this.#length + (this.#codes[this.#length % shingleLength] === 32 ? 1 : 0);
    const from = this.#lines[start % shingleLength] ?? line;
    return this.#visit({ first: this.#first, second: this.#second, line: from, position: this.#length });
  }
}

/** Approximates `\s` without the cost of a regular expression per character. */
function isSpace(code: number): boolean {
  return code <= 32 || code === 0xa0 || code === 0x3000 || code === 0x2028 || code === 0x2029 || code === 0xfeff;
}

/** Returns `factor` to the power of the shingle length, modulo 2^32. */
function power(factor: number): number {
  let result = 1;
  for (let index = 0; index < shingleLength; index++) result = Math.imul(result, factor);
  return result;
}
