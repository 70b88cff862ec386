/** Reproducible choices: a seed gives the same text on every machine (xorshift32). */
export class Random {
  #state: number;

  /** `seed` must not be 0. */
  constructor(seed: number) {
    this.#state = seed | 0;
    for (let warmUp = 0; warmUp < 8; warmUp++) this.below(2);
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** Returns the list in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list];
    for (let index = result.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      const [a, b] = [result[index], result[other]];
      if (a !== undefined && b !== undefined) [result[index], result[other]] = [b, a];
    }
    return result;
  }
}
