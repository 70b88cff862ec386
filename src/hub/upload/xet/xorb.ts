import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { openRegular } from "../../../util/regular-file.js";
import type { HubBody } from "../../request.js";
import type { FileChunk } from "./chunks-of.js";
import { hashToHex, xorbHash } from "./hashes.js";

/** The limit of the reference client. */
const maxChunks = 8192;
const headerBytes = 8;
/** Bytes of a file that are read at once. */
const readBytes = 2 ** 20;

/** A group of new chunks of one file, the unit of an upload. */
export class Xorb {
  readonly chunks: FileChunk[] = [];
  /** Length of the serialized xorb. */
  bytes = 0;
  readonly #maxBytes: number;
  #hash: Uint8Array | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  fits({ length }: FileChunk): boolean {
    return this.chunks.length < maxChunks && this.bytes + headerBytes + length <= this.#maxBytes;
  }

  add(chunk: FileChunk): void {
    this.chunks.push(chunk);
    this.bytes += headerBytes + chunk.length;
  }

  /** The hash of a xorb to which no chunk will be added. */
  get hash(): Uint8Array {
    this.#hash ??= xorbHash(this.chunks);
    return this.#hash;
  }

  get name(): string {
    return hashToHex(this.hash);
  }
}

/** Returns the serialized xorb, read from the file when it is sent; `onBytes` receives the bytes so far. */
export function xorbBody(path: string, { chunks, bytes }: Xorb, onBytes: (bytes: number) => void): HubBody {
  return {
    bytes,
    open: () => {
      onBytes(0);
      return Readable.from(serialize(path, chunks, onBytes), { objectMode: false });
    },
  };
}

async function* serialize(path: string, chunks: readonly FileChunk[], onBytes: (bytes: number) => void) {
  const file = await openRegular(path);
  try {
    let sent = 0;
    for (let from = 0; from < chunks.length; ) {
      const to = endOfRun(chunks, from);
      const run = await readRun(file, chunks.slice(from, to));
      yield run;
      sent += run.length;
      onBytes(sent);
      from = to;
    }
  } finally {
    await file.close();
  }
}

/** Returns the end of the chunks that follow each other in the file and are read at once. */
function endOfRun(chunks: readonly FileChunk[], from: number): number {
  const first = chunks[from];
  for (let to = from + 1; ; to++) {
    const [last, next] = [chunks[to - 1], chunks[to]];
    if (first === undefined || last === undefined || next === undefined) return to;
    const end = next.start + next.length;
    if (next.start !== last.start + last.length || end - first.start > readBytes) return to;
  }
}

/** Reads chunks that follow each other, each behind its header: uncompressed, since quantized weights have no redundancy. */
async function readRun(file: FileHandle, chunks: readonly FileChunk[]): Promise<Buffer> {
  const out = Buffer.alloc(chunks.reduce((sum, { length }) => sum + headerBytes + length, 0));
  const parts: Buffer[] = [];
  let at = 0;
  for (const { length } of chunks) {
    out.writeUIntLE(length, at + 1, 3);
    out.writeUIntLE(length, at + 5, 3);
    at += headerBytes + length;
    parts.push(out.subarray(at - length, at));
  }
  const { bytesRead } = await file.readv(parts, chunks[0]?.start ?? 0);
  if (bytesRead !== out.length - chunks.length * headerBytes) throw new Error("the file became shorter");
  return out;
}
