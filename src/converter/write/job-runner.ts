import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { openRegularSync } from "../../util/regular-file.js";
import type { ScaledSlice } from "../planned-tensor.js";
import { convertValues, valueBytes } from "../values/convert-values.js";
import { dequantizeFp8 } from "../values/dequantize-fp8.js";
import { interleaveHeads } from "../values/interleave-heads.js";
import { roundToHeads, type WriteJob } from "./write-job.js";

/** Values per piece, more only for larger heads. A piece that fits into a core's cache is converted fastest. */
const pieceValues = 2 ** 18;

/** Runs jobs synchronously on the calling thread. Throws system errors. */
export class JobRunner {
  readonly #target: number;
  #source: { path: string; file: number } | undefined;
  readonly #buffers = new Map<string, Uint8Array>();

  /** `outFile` must exist. */
  constructor(outFile: string) {
    this.#target = openSync(outFile, "r+");
  }

  run(job: WriteJob): void {
    const { to, plusOne, elements, head, scaled } = job;
    const from = job.from === "F8_E4M3" ? "F32" : job.from;
    const blocks = scaled && { ...scaled, scales: this.#scales(scaled) };
    const step = roundToHeads(job, pieceValues);
    for (let done = 0; done < elements; done += step) {
      const values = Math.min(step, elements - done);
      const stored = this.#take("read", values * valueBytes(job.from));
      const position = job.offset + done * valueBytes(job.from);
      this.#read(job.path, stored, position);
      const read = blocks === undefined ? stored : this.#take("scaled", values * 4);
      if (blocks !== undefined) dequantizeFp8(stored, position - blocks.start, blocks, floats(read));
      const ordered = head === undefined ? read : this.#take("ordered", read.length);
      if (head !== undefined) interleaveHeads(read, ordered, head.rows, head.columns * valueBytes(from));
      const converted = this.#take("converted", values * valueBytes(to));
      this.#write(convertValues({ from, to, plusOne }, ordered, converted), job.at + done * valueBytes(to));
    }
  }

  close(): void {
    closeSync(this.#target);
    if (this.#source !== undefined) closeSync(this.#source.file);
  }

  #scales({ path, offset, from, elements }: ScaledSlice): Float32Array {
    const stored = new Uint8Array(elements * valueBytes(from));
    this.#read(path, stored, offset);
    return floats(convertValues({ from, to: "F32", plusOne: false }, stored, new Uint8Array(elements * 4)));
  }

  #read(path: string, bytes: Uint8Array, position: number): void {
    const file = this.#open(path);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(file, bytes, done, bytes.length - done, position + done);
      if (read === 0) throw new Error(`${basename(path)} was truncated during the conversion`);
      done += read;
    }
  }

  /** Keeps the last file open, since consecutive jobs mostly read the same one. */
  #open(path: string): number {
    if (this.#source?.path === path) return this.#source.file;
    if (this.#source !== undefined) closeSync(this.#source.file);
    this.#source = undefined;
    const file = openRegularSync(path);
    this.#source = { path, file };
    return file;
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#target, bytes, done, bytes.length - done, position + done);
    }
  }

  /** Returns a buffer, one per purpose, which grows to the largest piece. */
  #take(purpose: "read" | "scaled" | "ordered" | "converted", bytes: number): Uint8Array {
    const known = this.#buffers.get(purpose);
    const buffer = known !== undefined && known.length >= bytes ? known : new Uint8Array(bytes);
    this.#buffers.set(purpose, buffer);
    return buffer.subarray(0, bytes);
  }
}

function floats({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}
