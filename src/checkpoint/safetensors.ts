import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { requireNoPointer } from "../util/lfs-pointer.js";
import { quote } from "../util/quote.js";
import { openRegular } from "../util/regular-file.js";
import { isObject } from "./parse-python-json.js";
import { decodeUtf8 } from "./read-text.js";
import { exceededLimit, hasOtherThanCounts, scanJson } from "./scan-json.js";

export interface SafetensorsTensor {
  name: string;
  dtype: string;
  /** Values per dimension, outermost first. */
  shape: readonly number[];
  /** Number of values. */
  elements: number;
  /** Size of the data. */
  bytes: number;
  /** Start of the data, in bytes from the start of the file. */
  offset: number;
}

export interface SafetensorsHeader {
  path: string;
  fileBytes: number;
  tensors: readonly SafetensorsTensor[];
}

/** Limit of the JSON header. The largest published headers have a few hundred kilobytes. */
const maxHeaderBytes = 25_000_000;
/**
 * Enough for 50 000 tensors in one file, ten times the largest known shard. Parsing up to these limits takes some eighty
 * megabytes; a larger header could take thousands.
 */
const limits = { depth: 3, containers: 150_002, colons: 250_000, commas: 750_000, strings: 500_000 };

/** Bits per value of every dtype of the safetensors format. */
const dtypeBits = new Map(
  [
    { bits: 4, names: ["F4"] },
    { bits: 6, names: ["F6_E2M3", "F6_E3M2"] },
    { bits: 8, names: ["BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"] },
    { bits: 16, names: ["U16", "I16", "F16", "BF16"] },
    { bits: 32, names: ["U32", "I32", "F32"] },
    { bits: 64, names: ["U64", "I64", "F64", "C64"] },
  ].flatMap(({ bits, names }) => names.map((name): [string, number] => [name, bits])),
);

/**
 * Reads and verifies the header of a local safetensors file: sizes match shapes and dtypes, tensor data fills the file
 * without gaps or overlaps, names are unique. Does not read tensor data. Throws QS-FETCH-SAFETENSORS, QS-LFS-POINTER.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await openRegular(path);
  try {
    const { size } = await file.stat();
    return parseSafetensors(path, await readHeader(file, path, size), size);
  } finally {
    await file.close();
  }
}

/**
 * Parses and verifies the JSON header of a file with `fileBytes` bytes, without its first eight bytes; `path` is for
 * errors. Throws QS-FETCH-SAFETENSORS.
 */
export function parseSafetensors(path: string, header: Buffer, fileBytes: number): SafetensorsHeader {
  const dataOffset = 8 + header.length;
  const tensors = toTensors(path, parseHeader(path, header), dataOffset);
  checkLayout(path, tensors, dataOffset, fileBytes);
  return { path, fileBytes, tensors };
}

function broken(path: string, what: string): QuantsmithError {
  return new QuantsmithError("QS-FETCH-SAFETENSORS", `${basename(path)} is not a valid safetensors file: ${what}`, {
    remedy: "Download the file again and compare its size and hash with the Hub's.",
    at: { file: path },
  });
}

async function readHeader(file: FileHandle, path: string, fileBytes: number): Promise<Buffer> {
  const start = await readExactly(file, path, 0, Math.min(8, fileBytes));
  await requireNoPointer(path);
  return readExactly(file, path, 8, headerLength(path, start, fileBytes));
}

/**
 * Returns the length of a file's JSON header in bytes, from the file's first eight bytes; `path` is for errors. Throws
 * QS-FETCH-SAFETENSORS.
 */
export function headerLength(path: string, start: Buffer, fileBytes: number): number {
  if (start.length < 8) throw broken(path, `it has only ${fileBytes} bytes`);
  const length = start.readUInt32LE(4) * 2 ** 32 + start.readUInt32LE(0);
  if (length > maxHeaderBytes) {
    throw broken(path, `its header length is ${length} bytes, more than the limit of ${maxHeaderBytes}`);
  }
  if (8 + length > fileBytes) throw broken(path, `its header length is ${length} bytes, but the file has ${fileBytes}`);
  return length;
}

async function readExactly(file: FileHandle, path: string, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) throw broken(path, `it ends too early, at byte ${position + filled}`);
    filled += bytesRead;
  }
  return buffer;
}

function parseHeader(path: string, bytes: Buffer): Record<string, Record<string, unknown>> {
  const excess = exceededLimit(bytes, limits);
  if (excess !== undefined) throw broken(path, `its header is not a list of tensors: ${excess}`);
  let header: unknown;
  try {
    header = JSON.parse(decodeUtf8(bytes));
  } catch (error) {
    if (error instanceof TypeError) throw broken(path, "its header is not valid UTF-8");
    if (error instanceof SyntaxError) throw broken(path, "its header is not valid JSON");
    throw error;
  }
  if (!isObject(header)) throw broken(path, "its header is not a JSON object");
  let members = 0;
  for (const name in header) {
    const entry = header[name];
    if (!isObject(entry)) throw broken(path, `the entry ${quote(name)} of its header is not an object`);
    members += 1 + Object.keys(entry).length;
    if (name === "__metadata__" && Object.values(entry).some((value) => typeof value !== "string")) {
      throw broken(path, "its __metadata__ contains values other than strings");
    }
  }
  // JSON.parse silently keeps the last of several equal names; another parser may keep the first.
  if (scanJson(bytes).colons !== members) throw broken(path, "its header contains duplicate names or unknown fields");
  // JSON.parse reads 8.0 and 8e0 as 8; other parsers of the format reject them.
  if (hasOtherThanCounts(bytes)) throw broken(path, "its header contains a size or an offset that is not an integer");
  return header as Record<string, Record<string, unknown>>;
}

function toTensors(
  path: string,
  header: Record<string, Record<string, unknown>>,
  dataOffset: number,
): SafetensorsTensor[] {
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  return names.map((name) => {
    const { dtype, shape, data_offsets: span, ...rest } = header[name] ?? {};
    const bits = typeof dtype === "string" ? dtypeBits.get(dtype) : undefined;
    if (bits === undefined || typeof dtype !== "string") {
      throw broken(path, `the tensor ${quote(name)} has the unknown dtype ${quote(String(dtype))}`);
    }
    if (!isSizes(shape)) throw broken(path, `the tensor ${quote(name)} has no valid shape`);
    if (!isSizes(span) || span.length !== 2 || Object.keys(rest).length > 0) {
      throw broken(path, `the tensor ${quote(name)} has no valid data_offsets, or has unknown fields`);
    }
    const elements = shape.reduce((product, size) => product * size, 1);
    const [begin = 0, end = 0] = span;
    // A product above 2^53 is inexact, but cannot equal a span, which is below 2^53.
    if ((elements * bits) / 8 !== end - begin) {
      const what = `the tensor ${quote(name)} needs ${(elements * bits) / 8} bytes, but has ${end - begin}`;
      throw broken(path, what);
    }
    return { name, dtype, shape, elements, bytes: end - begin, offset: dataOffset + begin };
  });
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkLayout(path: string, tensors: readonly SafetensorsTensor[], dataOffset: number, fileBytes: number): void {
  let end = dataOffset;
  for (const { name, offset, bytes } of tensors.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (offset !== end) throw broken(path, `the tensor ${quote(name)} starts at byte ${offset} instead of ${end}`);
    end = offset + bytes;
  }
  if (end !== fileBytes) throw broken(path, `its tensors end at byte ${end}, but the file has ${fileBytes} bytes`);
}
