import { type FileHandle, open } from "node:fs/promises";
import type { GgufTensor } from "../../../gguf/gguf.js";
import type { PlannedTensor, TensorPart } from "./planned-tensor.js";
import { convertValues, type TargetType, valueBytes } from "./values/convert-values.js";
import { interleaveHeads } from "./values/interleave-heads.js";

/** Values read at once, more only where a single head has more: 4 MB of 16 bits. */
const pieceValues = 2 ** 21;
/** Pieces under way at once, which is what libuv has threads for. */
const lanes = 4;

interface Piece {
  part: TensorPart;
  to: TargetType;
  /** Bytes from the start of the source file. */
  from: number;
  values: number;
  /** Bytes from the start of the written file. */
  at: number;
}

export interface WriteTensorsOptions {
  signal: AbortSignal;
  /** After each piece, with the bytes written since the last one. */
  onBytes: (bytes: number) => void;
}

/**
 * Writes the data of all tensors to their places in `file`, several pieces at once, each through a few megabytes of
 * memory. `places` are those of `tensors`. System errors pass.
 */
export async function writeTensors(
  file: FileHandle,
  tensors: readonly PlannedTensor[],
  places: readonly GgufTensor[],
  { signal, onBytes }: WriteTensorsOptions,
): Promise<void> {
  const pieces = allPieces(tensors, places);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const lane = async () => {
    const source = new OpenSource();
    const buffers = new PieceBuffers();
    try {
      for (const piece of pieces) {
        stop.throwIfAborted();
        onBytes(await writePiece(file, piece, source, buffers));
      }
    } catch (error) {
      failed.abort(error);
      throw error;
    } finally {
      await source.close();
    }
  };
  for (const [i, { data }] of tensors.entries()) {
    if (data instanceof Float32Array) onBytes(await writeFully(file, bytesOf(data), places[i]?.offset ?? 0));
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  const failure = ended.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failed.signal.reason;
}

async function writePiece(file: FileHandle, piece: Piece, source: OpenSource, buffers: PieceBuffers): Promise<number> {
  const { part, to, values, at } = piece;
  const read = buffers.take("source", values * valueBytes(part.from));
  await source.read(part.path, read, piece.from);
  const { head } = part;
  const ordered = head === undefined ? read : buffers.take("ordered", read.length);
  if (head !== undefined) interleaveHeads(read, ordered, head.rows, head.columns * valueBytes(part.from));
  const target = buffers.take("target", values * valueBytes(to));
  return writeFully(file, convertValues({ from: part.from, to, plusOne: part.plusOne }, ordered, target), at);
}

/** All pieces of all tensors; all lanes take theirs from the one generator. */
function* allPieces(tensors: readonly PlannedTensor[], places: readonly GgufTensor[]): Generator<Piece, void, void> {
  for (const [i, { data, type }] of tensors.entries()) {
    if (data instanceof Float32Array) continue;
    const to = type.name as TargetType;
    let at = places[i]?.offset ?? 0;
    for (const part of data) {
      const step = pieceStep(part);
      for (let done = 0; done < part.elements; done += step) {
        const values = Math.min(step, part.elements - done);
        yield { part, to, from: part.offset + done * valueBytes(part.from), values, at };
        at += values * valueBytes(to);
      }
    }
  }
}

/** Values per piece; whole heads where they are put into another order. */
function pieceStep({ head }: TensorPart): number {
  if (head === undefined) return pieceValues;
  const one = head.rows * head.columns;
  return Math.max(1, Math.floor(pieceValues / one)) * one;
}

/** The source file that a lane reads from; parts that follow each other are mostly in the same. */
class OpenSource {
  #path = "";
  #file: FileHandle | undefined;

  async read(path: string, target: Uint8Array, position: number): Promise<void> {
    if (this.#path !== path) {
      await this.close();
      this.#file = await open(path, "r");
      this.#path = path;
    }
    for (let done = 0; done < target.length; ) {
      const read = await this.#file?.read(target, done, target.length - done, position + done);
      if (!read?.bytesRead) throw new Error(`${path} became shorter while it was read`);
      done += read.bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#path = "";
  }
}

/** The buffers of a lane, which grow to what its largest piece needs. */
class PieceBuffers {
  readonly #buffers = new Map<string, Uint8Array>();

  take(name: "source" | "ordered" | "target", bytes: number): Uint8Array {
    const known = this.#buffers.get(name);
    const buffer = known !== undefined && known.length >= bytes ? known : new Uint8Array(bytes);
    this.#buffers.set(name, buffer);
    return buffer.subarray(0, bytes);
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
  return bytes.length;
}
