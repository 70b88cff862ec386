import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { convertValues, valueBytes } from "../values/convert-values.js";
import { interleaveHeads } from "../values/interleave-heads.js";
import { roundToHeads, type WriteJob } from "./write-job.js";

/** Values in hand at once, more only where a head has more: what fits into a core's own cache is copied fastest. */
const pieceValues = 2 ** 18;

/** Does jobs on the calling thread, which waits for the disk. System errors pass. */
export class JobRunner {
  readonly #target: number;
  #source: { path: string; file: number } | undefined;
  readonly #buffers = new Map<string, Uint8Array>();

  /** `outFile` must exist. */
  constructor(outFile: string) {
    this.#target = openSync(outFile, "r+");
  }

  run(job: WriteJob): void {
    const { from, to, plusOne, elements, head } = job;
    const step = roundToHeads(job, pieceValues);
    for (let done = 0; done < elements; done += step) {
      const values = Math.min(step, elements - done);
      const read = this.#take("read", values * valueBytes(from));
      this.#read(job.path, read, job.offset + done * valueBytes(from));
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

  #read(path: string, bytes: Uint8Array, position: number): void {
    const file = this.#open(path);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(file, bytes, done, bytes.length - done, position + done);
      if (read === 0) throw new Error(`${basename(path)} became shorter while it was read`);
      done += read;
    }
  }

  /** Jobs that follow each other are mostly in one file. */
  #open(path: string): number {
    if (this.#source?.path === path) return this.#source.file;
    if (this.#source !== undefined) closeSync(this.#source.file);
    this.#source = undefined;
    const file = openSync(path, "r");
    this.#source = { path, file };
    return file;
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#target, bytes, done, bytes.length - done, position + done);
    }
  }

  /** One buffer for each purpose, which grows to what the largest piece needs. */
  #take(purpose: "read" | "ordered" | "converted", bytes: number): Uint8Array {
    const known = this.#buffers.get(purpose);
    const buffer = known !== undefined && known.length >= bytes ? known : new Uint8Array(bytes);
    this.#buffers.set(purpose, buffer);
    return buffer.subarray(0, bytes);
  }
}
