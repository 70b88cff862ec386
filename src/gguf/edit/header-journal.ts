import { fstatSync, writeSync } from "node:fs";
import { constants, type FileHandle, open, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing, isSystemError, QuantsmithError } from "../../util/errors.js";
import { removeUnfinishedWrites, writeFileAtomic } from "../../util/files.js";
import { isOnlyOurs } from "../../util/own-entry.js";
import { quote } from "../../util/quote.js";
import { openRegular } from "../../util/regular-file.js";
import { sha256 } from "../../util/sha256.js";
import { changedDuringEdit, type EditGuard } from "./edit-guard.js";

/*
 * Overwriting a header takes several writes, and the process can be killed between any two of them. The old and the new
 * header are therefore first written to a journal beside the file. A journal appears atomically, and the next edit
 * completes the write, or drops the journal if nothing or all was written.
 *
 * A journal could overwrite a model. So it counts only if nobody else can write it, and if every block of the file's
 * header is that of one of both headers: a file that was restored or replaced meanwhile is never changed.
 *
 * Layout: one line of JSON, the new header, the old header.
 */

interface JournalHead {
  format: 2;
  /** The device is missing, since its number can change when the machine starts again. */
  inode: string;
  fileBytes: number;
  /** Length of each of the two headers. */
  headerBytes: number;
  /** Of both. */
  sha256: string;
}

interface Journal {
  head: JournalHead;
  after: Buffer;
  before: Buffer;
}

/** A disk writes at least this much at once. */
const sectorBytes = 512;
const maxHeadBytes = 1000;

/** Path of a file's journal. */
export function journalPath(file: string): string {
  return join(dirname(file), `.${basename(file)}.quantsmith-edit`);
}

/**
 * Overwrites the start of a file with `header`; writes nothing and returns false if the file has other hard links. If the
 * process is killed, `finishEdit` completes the write.
 * Errors: those of `guard`, QS-EDIT-CHANGED if another process started an edit meanwhile.
 */
export async function replaceHeader(path: string, header: Buffer, guard: EditGuard): Promise<boolean> {
  // After this, a file that is renamed to the path stays untouched.
  const file = await open(path, "r+");
  let isLinked = false;
  try {
    const before = await readStart(file, header.length);
    guard.requireUnchanged(fstatSync(file.fd, { bigint: true }));
    const { ino, size } = await file.stat({ bigint: true });
    const head: JournalHead = {
      ...{ format: 2, inode: String(ino), fileBytes: Number(size), headerBytes: header.length },
      sha256: sha256(Buffer.concat([header, before])),
    };
    const content = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), header, before]);
    await writeFileAtomic(journalPath(path), content, { isNew: true, mode: 0o600 }).catch((error: unknown) => {
      throw isSystemError(error) && error.code === "EEXIST" ? changedDuringEdit(path) : error;
    });
    try {
      // Only now, since a link can be created at any time.
      isLinked = fstatSync(file.fd).nlink > 1;
      if (!isLinked) writeHeader(file, header, guard);
    } catch (error) {
      // Without the lock, the journal can be that of another process.
      if (error instanceof QuantsmithError && guard.isHeld()) await unlink(journalPath(path));
      throw error;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (guard.isHeld()) await unlink(journalPath(path));
  return !isLinked;
}

/**
 * Completes an interrupted edit. Requires the file's lock; without, with `guard` undefined, it writes nothing.
 * Errors: QS-EDIT-JOURNAL if there is a journal that is not of this user, or not of this file as it is now.
 */
export async function finishEdit(path: string, guard: Pick<EditGuard, "isHeld"> | undefined): Promise<void> {
  // Of a process that was killed while it created a journal, possibly with a second link to it.
  if (guard !== undefined) await removeUnfinishedWrites(journalPath(path));
  const journal = await readJournal(path);
  if (journal === undefined) return;
  const { head, after, before } = journal;
  const { ino, size } = await stat(path, { bigint: true });
  if (head.inode !== String(ino) || head.fileBytes !== Number(size)) throw invalid(path, "belongs to another file");
  const file = await openRegular(path);
  const now = await readStart(file, after.length).finally(() => file.close());
  const isWhole = now.equals(before) || now.equals(after);
  if (!isWhole && !isMixture(now, after, before)) throw invalid(path, "does not match the file, which changed since");
  if (guard === undefined) {
    if (isWhole) return;
    throw invalid(path, "describes an interrupted edit, and this folder cannot be written");
  }
  if (!isWhole) await completeHeader(path, ino, after, guard);
  if (guard.isHeld()) await unlink(journalPath(path));
}

async function completeHeader(path: string, inode: bigint, header: Buffer, guard: Pick<EditGuard, "isHeld">) {
  const file = await open(path, "r+");
  try {
    const requireUnchanged = () => {
      if (fstatSync(file.fd, { bigint: true }).ino !== inode || !guard.isHeld()) throw changedDuringEdit(path);
    };
    writeHeader(file, header, { ...guard, requireUnchanged });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Checks and writes without a pause, so that no other work of this process comes between. */
function writeHeader(file: FileHandle, header: Buffer, guard: EditGuard): void {
  guard.requireUnchanged(fstatSync(file.fd, { bigint: true }));
  for (let done = 0; done < header.length; ) done += writeSync(file.fd, header, done, header.length - done, done);
}

/** Whether every sector is that of one header, or starts with the one and ends with the other. */
function isMixture(now: Buffer, after: Buffer, before: Buffer): boolean {
  for (let start = 0; start < now.length; start += sectorBytes) {
    const end = Math.min(start + sectorBytes, now.length);
    let at = start;
    while (at < end && now[at] === after[at]) at++;
    if (!now.subarray(at, end).equals(before.subarray(at, end))) return false;
  }
  return true;
}

/** Reads the journal of a file; undefined if there is none. Errors: QS-EDIT-JOURNAL. */
async function readJournal(path: string): Promise<Journal | undefined> {
  const journal = journalPath(path);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(journal, flags).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    if (isSystemError(error) && error.code === "ELOOP") throw invalid(path, "is a symbolic link");
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.nlink !== 1) throw invalid(path, "is no regular file, or has other hard links");
    if (!(await isOnlyOurs(stats, dirname(path))))
      throw invalid(path, "belongs to another user, or others can write it");
    const { size } = await stat(path);
    if (stats.size > 2 * size + maxHeadBytes) throw invalid(path, "is not of this version");
    return parseJournal(path, await readStart(file, stats.size));
  } finally {
    await file.close();
  }
}

function parseJournal(path: string, journal: Buffer): Journal {
  const end = journal.indexOf(10);
  const content = journal.subarray(end + 1);
  try {
    const head = JSON.parse(journal.subarray(0, end).toString("utf8")) as JournalHead;
    if (head.format === 2 && content.length === 2 * head.headerBytes && head.sha256 === sha256(content)) {
      return { head, after: content.subarray(0, head.headerBytes), before: content.subarray(head.headerBytes) };
    }
  } catch {
    // Text that is not JSON.
  }
  throw invalid(path, "is damaged, or not of this version");
}

function invalid(path: string, reason: string): QuantsmithError {
  const journal = journalPath(path);
  return new QuantsmithError("QS-EDIT-JOURNAL", `${journal}, the journal of an interrupted edit, ${reason}`, {
    remedy: `Check ${quote(basename(path))} with \`quantsmith inspect\`, or restore it. Then delete the journal and edit again. Nothing was written.`,
    at: { file: journal },
  });
}

/** Reads bytes from the start of a file; fewer if it is shorter. */
async function readStart(file: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  for (let read = 1; read > 0 && done < length; done += read) {
    read = (await file.read(bytes, done, length - done, done)).bytesRead;
  }
  return bytes.subarray(0, done);
}
