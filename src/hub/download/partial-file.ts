import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder, writeFileAtomic } from "../../util/files.js";
import { journalHead, pieceLine, readJournal, type Validator, validatorLine } from "./journal.js";

/** Bytes from `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/**
 * A file that is being downloaded in pieces, in any order, and the journal of the pieces that are there. The journal
 * speaks of a piece only after its bytes were written, so a killed process loses what no piece was finished with.
 * A power cut may lose more than the journal knows; the digest of the whole file finds that out.
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

  /** Opens what an earlier process left, or begins anew. The caller holds the lock of this file. */
  static async open(path: string, bytes: number, pieceBytes: number): Promise<PartialFile> {
    const head = journalHead(bytes, pieceBytes);
    const size = await stat(path).then(
      (found) => found.size,
      () => -1,
    );
    const state =
      size === bytes ? await readJournal(journalPath(path), head, Math.ceil(bytes / pieceBytes)) : undefined;
    const done = state?.pieces ?? new Set<number>();
    const validator = state?.validator;
    // Written anew, since it may end in half a line.
    const lines = [
      `${head}\n`,
      ...(validator === undefined ? [] : [validatorLine(validator)]),
      ...[...done].map(pieceLine),
    ];
    await writeFileAtomic(journalPath(path), lines.join(""));
    const file = await open(path, state === undefined ? "w+" : "r+");
    await file.truncate(bytes);
    const journal = await open(journalPath(path), "a");
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

  /** Bytes that are there without a gap from the start. */
  get prefixBytes(): number {
    while (this.#done.has(this.#prefix)) this.#prefix += 1;
    return Math.min(this.#prefix * this.pieceBytes, this.bytes);
  }

  get isComplete(): boolean {
    return this.#done.size === this.#pieces;
  }

  /** The next missing pieces in a row, at most `maxBytes` of them, for the caller alone; undefined when none is left. */
  claim(maxBytes: number): Span | undefined {
    const free = (piece: number) => piece < this.#pieces && !this.#done.has(piece) && !this.#claimed.has(piece);
    let first = this.#prefix;
    while (first < this.#pieces && !free(first)) first += 1;
    if (first === this.#pieces) return undefined;
    let end = first;
    while (free(end) && (end - first) * this.pieceBytes < maxBytes) this.#claimed.add(end++);
    return { start: first * this.pieceBytes, end: Math.min(end * this.pieceBytes, this.bytes) };
  }

  /** Gives back what was claimed; pieces that were finished stay so. */
  release({ start, end }: Span): void {
    for (let piece = start / this.pieceBytes; piece * this.pieceBytes < end; piece++) this.#claimed.delete(piece);
  }

  /** Writes bytes at a position. Throws Node's error, ENOSPC among them. */
  async write(buffers: Buffer[], position: number): Promise<void> {
    const total = buffers.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten } = await this.#file.writev(buffers, position);
    // A full disk may take a part; asking for the rest brings the error.
    if (bytesWritten < total)
      await this.#file.write(Buffer.concat(buffers).subarray(bytesWritten), 0, null, position + bytesWritten);
  }

  /** Notes every piece that lies wholly in the span, whose bytes were all written, as finished. */
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

  /** Remembers what the content is known by, so that no other content is mixed in later. */
  async remember(validator: Validator): Promise<void> {
    this.#validator = validator;
    await this.#journal.appendFile(validatorLine(validator));
  }

  /** Forgets everything that is there. Nobody may hold a claim. */
  async restart(): Promise<void> {
    await this.#journal.close();
    await writeFileAtomic(journalPath(this.path), `${journalHead(this.bytes, this.pieceBytes)}\n`);
    this.#journal = await open(journalPath(this.path), "a");
    this.#done = new Set();
    this.#claimed = new Set();
    this.#prefix = 0;
    this.#validator = undefined;
  }

  /** Flushes the content and gives it its final name. */
  async becomes(path: string): Promise<void> {
    await this.#file.sync();
    await rename(this.path, path);
    await syncFolder(dirname(path));
    await rm(journalPath(this.path), { force: true });
  }

  /** Removes all traces. */
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

/** Bytes of a partial file that need not come again, as far as the disk has them; 0 when there is none. */
export async function partialBytes(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Math.min(found.size, found.blocks * 512);
}

function journalPath(path: string): string {
  return `${path}.journal`;
}
