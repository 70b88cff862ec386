import type { FileHandle } from "node:fs/promises";
import { invalidGguf, truncatedGguf } from "./errors.js";
import type { GgufLimits } from "./limits.js";

const chunkBytes = 2 ** 20;

/**
 * Reads a file sequentially through a buffer of about 1 MiB. `need(n)` makes the next n bytes available, and the getters
 * then consume them synchronously: one promise per value would cost more than parsing the million values of a vocabulary.
 */
export class HeaderReader {
  readonly path: string;
  readonly fileBytes: number;
  readonly limits: GgufLimits;
  readonly #file: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #next = 0;

  constructor(file: FileHandle, path: string, fileBytes: number, limits: GgufLimits) {
    this.#file = file;
    this.path = path;
    this.fileBytes = fileBytes;
    this.limits = limits;
  }

  /** Offset of the next byte from the start of the file. */
  get position(): number {
    return this.#windowStart + this.#next;
  }

  /** Buffers the next `bytes` bytes; undefined if they already are. Throws if they exceed the file or the header cap. */
  need(bytes: number): Promise<void> | undefined {
    return this.#next + bytes <= this.#window.length ? undefined : this.#refill(bytes);
  }

  /** Consumes `bytes` bytes; the view is valid until the next `need`. */
  take(bytes: number): Buffer {
    const view = this.#window.subarray(this.#next, this.#next + bytes);
    this.#next += bytes;
    return view;
  }

  /** Consumes `bytes` bytes as text. Malformed UTF-8 becomes U+FFFD, as in Buffer.toString. */
  takeText(bytes: number): string {
    const start = this.#next;
    this.#next += bytes;
    return this.#window.toString("utf8", start, this.#next);
  }

  /** The last `bytes` bytes consumed, valid until the next `need`. */
  previous(bytes: number): Buffer {
    return this.#window.subarray(this.#next - bytes, this.#next);
  }

  u32(): number {
    const value = this.#window.readUInt32LE(this.#next);
    this.#next += 4;
    return value;
  }

  /**
   * Consumes an unsigned 64-bit integer: exact up to 2^53, rounded above but never to less than 2^53, so a comparison with
   * any cap up to 2^53 is sound.
   */
  u64(): number {
    const low = this.u32();
    return this.u32() * 2 ** 32 + low;
  }

  async #refill(bytes: number): Promise<void> {
    const start = this.position;
    const end = start + bytes;
    // Check before the allocation: a false length must not cost memory.
    if (end > this.limits.headerBytes) {
      const what = `the header does not end within ${this.limits.headerBytes} bytes`;
      throw invalidGguf(this.path, "header-size", start, what);
    }
    if (end > this.fileBytes) throw truncatedGguf(this.path, this.fileBytes, end, "its header");
    const readable = Math.min(this.fileBytes, this.limits.headerBytes) - start;
    const buffer = Buffer.allocUnsafe(Math.min(Math.max(bytes, chunkBytes), readable));
    let filled = this.#window.copy(buffer, 0, this.#next);
    while (filled < buffer.length) {
      const { bytesRead } = await this.#file.read(buffer, filled, buffer.length - filled, start + filled);
      if (bytesRead === 0) throw truncatedGguf(this.path, start + filled, end, "its header");
      filled += bytesRead;
    }
    this.#window = buffer;
    this.#windowStart = start;
    this.#next = 0;
  }
}
