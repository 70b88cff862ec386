import { type FileHandle, open } from "node:fs/promises";
import type { GgmlType } from "../quant/ggml-types.js";
import { openRegular } from "../util/regular-file.js";
import { encodeHeader } from "./encode-header.js";
import type { GgufTensor, GgufValue } from "./gguf.js";

/** Tensor data in another file; shape and type determine its length. */
export interface FileRange {
  path: string;
  /** Bytes from the start of the file. */
  offset: number;
}

export interface NewTensor {
  name: string;
  /** ggml order: `shape[0]` is the row length. */
  shape: readonly number[];
  type: GgmlType;
  /** A range of another file, or generated chunks of any length. */
  data: FileRange | AsyncIterable<Uint8Array>;
}

export interface NewGguf {
  /** In file order. `general.alignment` applies. */
  metadata: ReadonlyMap<string, GgufValue>;
  /** In file order. */
  tensors: readonly NewTensor[];
  /** Bytes behind the last tensor, in place of padding. */
  tail?: FileRange & { bytes: number };
}

export interface WriteGgufOptions {
  /** Permissions, less the umask. */
  mode?: number;
  signal?: AbortSignal;
  onBytes?: (done: number, total: number) => void;
}

export interface WrittenGguf {
  fileBytes: number;
  /** With offsets, so that the file can be the source of other files. */
  tensors: GgufTensor[];
}

const copyBytes = 4 * 2 ** 20;

/**
 * Writes a GGUF file of version 3, byte-identical to llama.cpp, and flushes it to disk. Uses memory for the header and
 * 4 MiB. `path` must not exist: the caller chooses a temporary name and renames it on success.
 * Throws a RangeError if the data of a tensor does not have the length that its shape and type require, and system errors.
 */
export async function writeGguf(path: string, gguf: NewGguf, options: WriteGgufOptions = {}): Promise<WrittenGguf> {
  const header = encodeHeader(gguf);
  let { fileBytes } = header;
  const file = await open(path, "wx", options.mode);
  try {
    await writeFully(file, header.bytes, 0);
    for (const [i, place] of header.tensors.entries()) {
      const source = gguf.tensors[i]?.data;
      if (source === undefined) continue;
      let done = 0;
      for await (const piece of "offset" in source ? readRange(source, place.bytes) : source) {
        options.signal?.throwIfAborted();
        if (done + piece.length > place.bytes) throw wrongLength(place, done + piece.length);
        await writeFully(file, piece, place.offset + done);
        done += piece.length;
        options.onBytes?.(place.offset + done, header.fileBytes);
      }
      if (done !== place.bytes) throw wrongLength(place, done);
    }
    const { tail } = gguf;
    const last = header.tensors.at(-1);
    let end = last === undefined ? header.fileBytes : last.offset + last.bytes;
    for await (const piece of tail === undefined ? [] : readRange(tail, tail.bytes)) {
      options.signal?.throwIfAborted();
      await writeFully(file, piece, end);
      end += piece.length;
    }
    // Padding reads as zeros, including that after the last tensor.
    fileBytes = Math.max(header.fileBytes, end);
    await file.truncate(fileBytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return { fileBytes, tensors: header.tensors };
}

/** All chunks share one buffer: each is valid until the next is requested. */
async function* readRange({ path, offset }: FileRange, length: number): AsyncGenerator<Uint8Array, void, void> {
  const file = await openRegular(path);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(length, copyBytes));
    for (let done = 0; done < length; ) {
      const wanted = Math.min(buffer.length, length - done);
      const { bytesRead } = await file.read(buffer, 0, wanted, offset + done);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function wrongLength({ name, bytes, type }: GgufTensor, found: number): RangeError {
  return new RangeError(`${name} needs ${bytes} bytes as ${type.name}, found ${found} or more`);
}
