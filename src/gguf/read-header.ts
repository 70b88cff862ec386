import type { FileHandle } from "node:fs/promises";
import { isSystemError } from "../util/errors.js";
import { requireNoPointer } from "../util/lfs-pointer.js";
import { quote } from "../util/quote.js";
import { openRegular } from "../util/regular-file.js";
import { systemReason } from "../util/system-reason.js";
import { invalidGguf, missingGguf } from "./errors.js";
import type { Gguf } from "./gguf.js";
import { HeaderReader } from "./header-reader.js";
import { type GgufLimits, ggufLimits } from "./limits.js";
import { alignUp, packedEnd, placeTensors } from "./place-tensors.js";
import { readAlignment, readMetadata } from "./read-metadata.js";
import { readTensors } from "./read-tensors.js";

export interface ReadGgufOptions {
  /** Overrides of `ggufLimits`. */
  limits?: Partial<GgufLimits>;
  /** Accept a file that ends after its header, such as a partial download; `fileBytes` is then the size of a whole one. */
  headerOnly?: boolean;
}

/**
 * Reads and verifies the header of a local GGUF file, version 2 or 3, little-endian. Does not read tensor data.
 * Files must pass this function before a native tool opens them.
 *
 * Throws QS-LFS-POINTER, QS-GGUF-MISSING, QS-GGUF-TRUNCATED, and QS-GGUF-INVALID with the broken rule and its byte offset.
 */
export async function readGguf(path: string, options: ReadGgufOptions = {}): Promise<Gguf> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    await requireNoPointer(path);
    const reader = new HeaderReader(file, path, size, { ...ggufLimits, ...options.limits });
    return await readHeader(reader, options.headerOnly === true);
  } catch (error) {
    if (isSystemError(error) && error.syscall === "read") throw missingGguf(path, error.message, error);
    throw error;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (isSystemError(error)) throw missingGguf(path, systemReason(error), error);
    throw error;
  }
}

async function readHeader(reader: HeaderReader, headerOnly: boolean): Promise<Gguf> {
  const { path, limits } = reader;
  await reader.need(4);
  checkMagic(path, reader.take(4));
  await reader.need(20);
  const version = reader.u32();
  checkVersion(path, version);
  const tensorCount = reader.u64();
  const keyValueCount = reader.u64();
  if (tensorCount > limits.tensors) {
    throw invalidGguf(path, "tensor-count", 8, `it declares ${tensorCount} tensors, more than ${limits.tensors}`);
  }
  if (keyValueCount > limits.keyValues) {
    const what = `it declares ${keyValueCount} metadata keys, more than ${limits.keyValues}`;
    throw invalidGguf(path, "key-value-count", 16, what);
  }
  const metadata = await readMetadata(reader, keyValueCount);
  const alignment = readAlignment(reader, metadata);
  const table = await readTensors(reader, tensorCount, alignment);
  // Without tensors there is no data section to pad to.
  const dataOffset = tensorCount === 0 ? reader.position : alignUp(reader.position, alignment);
  const present = reader.fileBytes;
  const fileBytes = headerOnly ? Math.max(present, packedEnd(table, dataOffset, alignment)) : present;
  const tensors = placeTensors(table, { path, fileBytes, dataOffset, alignment });
  return { path, version, metadata, tensors, alignment, dataOffset, fileBytes };
}

function checkMagic(path: string, magic: Buffer): void {
  const text = magic.toString("latin1");
  if (text === "GGUF") return;
  if (text === "\0\0\0\0") {
    const remedy = "Create the file again: the program that wrote it was interrupted.";
    throw invalidGguf(path, "magic", 0, "it starts with zeros instead of a header", remedy);
  }
  throw invalidGguf(path, "magic", 0, `it starts with ${quote(text)} instead of "GGUF"`);
}

function checkVersion(path: string, version: number): void {
  if (version === 2 || version === 3) return;
  if (version === 1) {
    const remedy = "Convert the model again from its original checkpoint; llama.cpp does not support version 1 either.";
    throw invalidGguf(path, "version", 4, "it has format version 1; versions 2 and 3 are supported", remedy);
  }
  // A small number in the other byte order has zeros in its low half; llama.cpp uses the same test.
  if (version !== 0 && version % 65_536 === 0) {
    const remedy = "Convert it with gguf-py's gguf_convert_endian.py, or use the little-endian file.";
    throw invalidGguf(path, "byte-order", 4, "it is big-endian; only little-endian files are supported", remedy);
  }
  throw invalidGguf(path, "version", 4, `it has format version ${version}; versions 2 and 3 are supported`);
}
