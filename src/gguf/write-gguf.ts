import { type FileHandle, open } from "node:fs/promises";
import type { GgmlType } from "../quant/ggml-types.js";
import { encodeHeader } from "./encode-header.js";
import type { GgufTensor, GgufValue } from "./gguf.js";

/** Tensor data as it lies in another file; its length follows from shape and type. */
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
  /** Bytes of another file, or made on the way, in pieces of any length. */
  data: FileRange | AsyncIterable<Uint8Array>;
}

export interface NewGguf {
  /** In the order of the file. `general.alignment` is honoured. */
  metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of the file. */
  tensors: readonly NewTensor[];
}

export interface WriteGgufOptions {
  signal?: AbortSignal;
  onBytes?: (done: number, total: number) => void;
}

export interface WrittenGguf {
  fileBytes: number;
  /** Where everything lies, so that the file can serve as a source for others. */
  tensors: GgufTensor[];
}

const copyBytes = 4 * 2 ** 20;

/**
 * Writes a GGUF file of version 3, byte for byte as llama.cpp does, and flushes it to the disk. Memory use is the
 * header and 4 MB. `path` must not exist: the caller picks a temporary name and renames it when all is well.
 * Throws a RangeError when the data of a tensor has another length than its type asks for; system errors pass.
 */
export async function writeGguf(path: string, gguf: NewGguf, options: WriteGgufOptions = {}): Promise<WrittenGguf> {
  const header = encodeHeader(gguf);
  const file = await open(path, "wx");
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
    // The padding behind each tensor reads as zeros, also behind the last.
    await file.truncate(header.fileBytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return { fileBytes: header.fileBytes, tensors: header.tensors };
}

/** A piece is only good until the next one is asked for: all use one buffer. */
async function* readRange({ path, offset }: FileRange, length: number): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path, "r");
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
  return new RangeError(`${name} needs ${bytes} bytes as ${type.name}, its data has ${found} or more`);
}
