import { type Chunk, hmac } from "./hashes.js";
import type { readShard } from "./shard.js";

/** Where a stored chunk is. */
export interface StoredChunk {
  xorb: Uint8Array;
  index: number;
}

/** The chunks of an answer, by their hashes with the answer's key. */
interface Answer {
  key: Uint8Array;
  chunks: Map<string, StoredChunk & { length: number }>;
}

type Shard = NonNullable<ReturnType<typeof readShard>>;

/** The storage answers about chunks with few others around them; more questions would cost more than they save. */
const bytesBetweenQueries = 4_000_000;

/** Chunks remembered at most, about 17 GB of content. */
export const maxKnownChunks = 2 ** 18;
/** Answers remembered at most: each has a key, with which every chunk is hashed. */
const maxAnswers = 32;

/** The chunks of other files in the storage, as far as it was asked about them and as the latest answers say. */
export class KnownChunks {
  readonly #query: (hash: Uint8Array) => Promise<Shard | undefined>;
  readonly #signal: AbortSignal;
  #answers: Answer[] = [];
  #isFirst = true;
  #bytesSinceQuery = bytesBetweenQueries;
  #hasFailed = false;

  constructor(query: (hash: Uint8Array) => Promise<Shard | undefined>, signal: AbortSignal) {
    this.#query = query;
    this.#signal = signal;
  }

  /** Asks the storage for a chunk and the chunks around it. A failure is its last question, and more is sent. */
  async learn(hash: Uint8Array): Promise<void> {
    const shard = await this.#query(hash).catch(() => {
      this.#signal.throwIfAborted();
      this.#hasFailed = true;
      return undefined;
    });
    if (shard === undefined) return;
    const chunks: Answer["chunks"] = new Map();
    for (const { hash: xorb, chunks: stored } of shard.xorbs) {
      for (const [index, { hash, length }] of stored.entries()) chunks.set(text(hash), { xorb, index, length });
    }
    if (chunks.size > 0) this.#remember({ key: shard.key, chunks });
  }

  /** Forgets the oldest answers above the limits. */
  #remember(answer: Answer): void {
    this.#answers = [...this.#answers, answer].slice(-maxAnswers);
    const count = () => this.#answers.reduce((sum, { chunks }) => sum + chunks.size, 0);
    while (count() > maxKnownChunks) this.#answers.shift();
  }

  /** Returns the place of a chunk of the file, in order; asks the storage about it if the protocol allows the question. */
  async find(chunk: Chunk): Promise<StoredChunk | undefined> {
    const found = this.#lookUp(chunk);
    const isAllowed = this.#isFirst || isEligible(chunk);
    const mayAsk = isAllowed && !this.#hasFailed && this.#bytesSinceQuery >= bytesBetweenQueries;
    this.#isFirst = false;
    this.#bytesSinceQuery += chunk.length;
    if (found !== undefined || !mayAsk) return found;
    this.#bytesSinceQuery = 0;
    await this.learn(chunk.hash);
    return this.#lookUp(chunk);
  }

  #lookUp({ hash, length }: Chunk): StoredChunk | undefined {
    for (const { key, chunks } of this.#answers) {
      const found = chunks.get(text(hmac(hash, key)));
      if (found?.length === length) return found;
    }
    return undefined;
  }
}

/** The last 64 bits of the hash, as a little-endian number, are a multiple of 1024. */
function isEligible({ hash }: Chunk): boolean {
  return hash[24] === 0 && ((hash[25] ?? 0) & 3) === 0;
}

const text = (hash: Uint8Array) => Buffer.from(hash).toString("latin1");
