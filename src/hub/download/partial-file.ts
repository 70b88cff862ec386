import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder, writeFileAtomic } from "../../util/files.js";
import { journalHead, pieceLine, readJournal, type Validator, validatorLine } from "./journal.js";

/** Byte range from `start` (inclusive) to `end` (exclusive). */
export interface Span {
  start: number;
  end: number;
}

/**
 * A file downloaded in pieces, in any order, with a journal of the finished pieces. A piece enters the journal after
 * its bytes are written, so that a killed process loses only unfinished pieces. A power failure may lose journaled
 * pieces, which the digest of the whole file detects.
 */
export class PartialFile {
  readonly path: string;
  readonly bytes: number;
  readonly pieceBytes: number;
  readonly #file: FileHandle;
  #journal: FileHandle;
  #done: Set<number>;
  #claimed = new Set<number>();
  #prefix = 0;
  #validator: Validator | undefined;

  private constructor(
    path: string,
    bytes: number,
    pieceBytes: number,
    handles: { file: FileHandle; journal: FileHandle },
    state: { done: Set<number>; validator: Validator | undefined },
  ) {
    this.path = path;
    this.bytes = bytes;
    this.pieceBytes = pieceBytes;
    this.#file = handles.file;
    this.#journal = handles.journal;
    this.#done = state.done;
    this.#validator = state.validator;
  }

  /**
   * Opens the partial file of an earlier process, or creates one in place of anything else with its name, such as a link,
   * which is not followed. The caller must hold the lock of the file.
   */
  static async open(path: string, bytes: number, pieceBytes: number): Promise<PartialFile> {
    const head = journalHead(bytes, pieceBytes);
    const found = await lstat(path).catch(() => undefined);
    const isOurs = found?.isFile() === true && found.nlink === 1 && found.size === bytes;
    const state = isOurs ? await readJournal(journalPath(path), head, Math.ceil(bytes / pieceBytes)) : undefined;
    const done = state?.pieces ?? new Set<number>();
    const validator = state?.validator;
    // Rewritten, since its last line may be incomplete.
    const lines = [
      `${head}\n`,
      ...(validator === undefined ? [] : [validatorLine(validator)]),
      ...[...done].map(pieceLine),
    ];
    await writeFileAtomic(journalPath(path), lines.join(""));
    if (state === undefined) await rm(path, { force: true });
    const file = await open(path, state === undefined ? "wx+" : constants.O_RDWR | constants.O_NOFOLLOW);
    await file.truncate(bytes);
    const journal = await openJournal(path);
    return new PartialFile(path, bytes, pieceBytes, { file, journal }, { done, validator });
  }

  get validator(): Validator | undefined {
    return this.#validator;
  }

  /** Bytes of finished pieces. */
  get doneBytes(): number {
    const last = this.#pieces - 1;
    const short = this.#done.has(last) ? this.#pieces * this.pieceBytes - this.bytes : 0;
    return this.#done.size * this.pieceBytes - short;
  }

  /** Bytes of consecutive finished pieces from the start. */
  get prefixBytes(): number {
    while (this.#done.has(this.#prefix)) this.#prefix += 1;
    return Math.min(this.#prefix * this.pieceBytes, this.bytes);
  }

  get isComplete(): boolean {
    return this.#done.size === this.#pieces;
  }

  /** Reserves the next missing consecutive pieces, up to `maxBytes`; returns undefined if none is left. */
  claim(maxBytes: number): Span | undefined {
    const free = (piece: number) => piece < this.#pieces && !this.#done.has(piece) && !this.#claimed.has(piece);
    let first = this.#prefix;
    while (first < this.#pieces && !free(first)) first += 1;
    if (first === this.#pieces) return undefined;
    let end = first;
    while (free(end) && (end - first) * this.pieceBytes < maxBytes) this.#claimed.add(end++);
    return { start: first * this.pieceBytes, end: Math.min(end * this.pieceBytes, this.bytes) };
  }

  /** Releases a claimed span; finished pieces stay finished. */
  release({ start, end }: Span): void {
    for (let piece = start / this.pieceBytes; piece * this.pieceBytes < end; piece++) this.#claimed.delete(piece);
  }

  /** Writes bytes at a position. Throws Node's errors, such as ENOSPC. */
  async write(buffers: Buffer[], position: number): Promise<void> {
    const total = buffers.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten } = await this.#file.writev(buffers, position);
    // On a full disk the first write may be partial; writing the rest throws the error.
    if (bytesWritten < total)
      await this.#file.write(Buffer.concat(buffers).subarray(bytesWritten), 0, null, position + bytesWritten);
  }

  /** Marks the pieces inside a written span as finished. */
  async finish({ start, end }: Span): Promise<void> {
    const lines: string[] = [];
    const last = end === this.bytes ? this.#pieces : Math.floor(end / this.pieceBytes);
    for (let piece = Math.ceil(start / this.pieceBytes); piece < last; piece++) {
      if (this.#done.has(piece)) continue;
      this.#done.add(piece);
      lines.push(pieceLine(piece));
    }
    if (lines.length > 0) await this.#journal.appendFile(lines.join(""));
  }

  /** Stores the ETag of the content, so that later requests detect changed content. */
  async setValidator(validator: Validator): Promise<void> {
    this.#validator = validator;
    await this.#journal.appendFile(validatorLine(validator));
  }

  /** Discards all pieces. No span may be claimed. */
  async restart(): Promise<void> {
    await this.#journal.close();
    await writeFileAtomic(journalPath(this.path), `${journalHead(this.bytes, this.pieceBytes)}\n`);
    this.#journal = await openJournal(this.path);
    this.#done = new Set();
    this.#claimed = new Set();
    this.#prefix = 0;
    this.#validator = undefined;
  }

  /** Flushes the content and renames the file to its final path. */
  async moveTo(path: string): Promise<void> {
    await this.#file.sync();
    await rename(this.path, path);
    await syncFolder(dirname(path));
    await rm(journalPath(this.path), { force: true });
  }

  /** Deletes the file and its journal. */
  async discard(): Promise<void> {
    await rm(journalPath(this.path), { force: true });
    await rm(this.path, { force: true });
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#journal.close();
  }

  get #pieces(): number {
    return Math.ceil(this.bytes / this.pieceBytes);
  }
}

/** Returns the bytes of a partial file that are allocated on disk; 0 if it does not exist. */
export async function partialBytes(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined ? 0 : Math.min(found.size, found.blocks * 512);
}

function openJournal(path: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  return open(journalPath(path), flags);
}

function journalPath(path: string): string {
  return `${path}.journal`;
}
