import { type Chunk, fileHash, hexToBytes, verificationHash } from "./hashes.js";
import type { Xorb } from "./xorb.js";

/** A range of chunks of a xorb, in the order of the file. */
export interface Term {
  /** Hash of the xorb. */
  xorb: Uint8Array;
  from: number;
  to: number;
  chunks: Chunk[];
}

/** A xorb of the storage, as an answer describes it. */
export interface StoredXorb {
  hash: Uint8Array;
  chunks: Chunk[];
}

const tag = Buffer.from("HFRepoMetaData\0UigEj{\x81W\x83\xa5\xbd\xd9\\\xcd\xd1J\xa9", "latin1");
const version = 2n;
const headerBytes = 48;
const entryBytes = 48;
const hashBytes = 32;
/** Where the key of the chunks' hashes is in the footer. */
const keyOffset = 72;
const bookend = Buffer.concat([Buffer.alloc(hashBytes, 0xff), Buffer.alloc(entryBytes - hashBytes)]);
/** A file has hashes of its terms, and its sha256. */
const fileFlags = 0xc0000000;
/** Chunks that a shard describes at most: less than its limit of 64 MiB. */
const maxChunks = 2 ** 20;

/**
 * Serializes the metadata of a file and of its new xorbs. The last shard has the file, the others only xorbs. Format:
 * https://huggingface.co/docs/xet/shard; the footer is omitted in uploads.
 */
export function writeShards(terms: readonly Term[], sha256: string, xorbs: readonly Xorb[]): Buffer[] {
  const groups: Xorb[][] = [[]];
  let count = 0;
  for (const xorb of xorbs) {
    count += xorb.chunks.length;
    if (count > maxChunks) groups.push([]);
    if (count > maxChunks) count = xorb.chunks.length;
    groups.at(-1)?.push(xorb);
  }
  const header = Buffer.alloc(headerBytes);
  tag.copy(header);
  header.writeBigUInt64LE(version, hashBytes);
  return groups.map((group, index) => {
    const file = index === groups.length - 1 ? fileEntries(terms, sha256) : [];
    return Buffer.concat([header, ...file, bookend, ...group.flatMap(xorbEntries), bookend]);
  });
}

function fileEntries(terms: readonly Term[], sha256: string): Buffer[] {
  const chunks = terms.flatMap((term) => term.chunks);
  return [
    entry(fileHash(chunks), [fileFlags, terms.length]),
    ...terms.map((term) => entry(term.xorb, [0, lengthOf(term.chunks), term.from, term.to])),
    ...terms.map((term) => entry(verificationHash(term.chunks.map(({ hash }) => hash)))),
    entry(hexToBytes(sha256)),
  ];
}

function xorbEntries({ hash, chunks, bytes }: Xorb): Buffer[] {
  let start = 0;
  const entries = chunks.map((chunk) => {
    start += chunk.length;
    return entry(chunk.hash, [start - chunk.length, chunk.length]);
  });
  return [entry(hash, [0, chunks.length, lengthOf(chunks), bytes]), ...entries];
}

function entry(hash: Uint8Array, numbers: readonly number[] = []): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  bytes.set(hash);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, hashBytes + index * 4);
  return bytes;
}

function lengthOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Parses the xorbs of an answer, the first with `limit` chunks, and the key of their chunks' hashes; undefined for invalid data.
 * The hashes of chunks are views of the answer.
 */
export function readShard(shard: Buffer, limit: number): { key: Uint8Array; xorbs: StoredXorb[] } | undefined {
  try {
    if (!shard.subarray(0, tag.length).equals(tag) || shard.readBigUInt64LE(hashBytes) !== version) return undefined;
    const footer = shard.length - Number(shard.readBigUInt64LE(hashBytes + 8));
    let at = Number(shard.readBigUInt64LE(footer + 16));
    const next = () => {
      at += entryBytes;
      if (at > footer) throw new RangeError("the shard ends early");
      return shard.subarray(at - entryBytes, at);
    };
    const xorbs: StoredXorb[] = [];
    let left = limit;
    for (let head = next(); left > 0 && !head.equals(bookend); head = next()) {
      const length = Math.min(head.readUInt32LE(hashBytes + 4), left);
      left -= length;
      const chunks = Array.from({ length }, () => {
        const chunk = next();
        return { hash: chunk.subarray(0, hashBytes), length: chunk.readUInt32LE(hashBytes + 4) };
      });
      xorbs.push({ hash: Buffer.from(head.subarray(0, hashBytes)), chunks });
    }
    return { key: Buffer.from(shard.subarray(footer + keyOffset, footer + keyOffset + hashBytes)), xorbs };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
