import { createRequire } from "node:module";

/** A chunk's hash, 32 bytes, and its length in bytes. */
export interface Chunk {
  hash: Uint8Array;
  length: number;
}

interface Chunker {
  nextBlock(data: Uint8Array, isFinal: boolean): Chunk[];
  finish(): Chunk | null;
}

/** The functions of @huggingface/xetchunk-wasm that are used here. */
interface XetHashes {
  createChunker(): Chunker;
  xorbHash(chunks: readonly Chunk[]): Uint8Array;
  fileHash(chunks: readonly Chunk[]): Uint8Array;
  /** Hash of a range of chunks of a xorb. */
  verificationHash(hashes: readonly Uint8Array[]): Uint8Array;
  hmac(hash: Uint8Array, key: Uint8Array): Uint8Array;
  /** Hexadecimal digits of a hash as four little-endian numbers of 64 bits. */
  hashToHex(hash: Uint8Array): string;
  hexToBytes(hex: string): Uint8Array;
}

/** Xet's chunking and hashes in the version that @huggingface/hub depends on, which does not export them itself. */
export const { createChunker, xorbHash, fileHash, verificationHash, hmac, hashToHex, hexToBytes }: XetHashes =
  createRequire(createRequire(import.meta.url).resolve("@huggingface/hub"))("@huggingface/xetchunk-wasm");
