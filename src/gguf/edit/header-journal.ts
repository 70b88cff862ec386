import { open, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../../util/files.js";
import { sha256 } from "../../util/sha256.js";

/*
 * Overwriting a header takes several writes, and the process can be killed between any two of them. The new header is
 * therefore first written to a journal beside the file. A journal appears atomically, and the next edit replays it.
 *
 * Layout: one line of JSON, then the header's bytes.
 */

interface JournalHead {
  format: 1;
  /** Identifies the file, so that another file of the same name stays untouched. */
  inode: string;
  fileBytes: number;
  sha256: string;
}

/** Path of a file's journal. */
export function journalPath(file: string): string {
  return join(dirname(file), `.${basename(file)}.quantsmith-edit`);
}

/** Overwrites the start of a file with `header`. If the process is killed, `finishEdit` completes the write. */
export async function replaceHeader(path: string, header: Buffer): Promise<void> {
  const { ino, size } = await stat(path, { bigint: true });
  const head: JournalHead = { format: 1, inode: String(ino), fileBytes: Number(size), sha256: sha256(header) };
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), header]);
  await writeFileAtomic(journalPath(path), content);
  await writeHeader(path, header);
  await rm(journalPath(path));
}

/** Completes an interrupted edit; returns true if there was one. */
export async function finishEdit(path: string): Promise<boolean> {
  const journal = await readFile(journalPath(path)).catch(() => undefined);
  if (journal === undefined) return false;
  const end = journal.indexOf(10);
  const head = parseHead(journal.subarray(0, end).toString("utf8"));
  const header = journal.subarray(end + 1);
  const { ino, size } = await stat(path, { bigint: true });
  const belongs = head?.inode === String(ino) && head.fileBytes === Number(size) && head.sha256 === sha256(header);
  if (belongs) await writeHeader(path, header);
  await rm(journalPath(path));
  return belongs;
}

function parseHead(line: string): JournalHead | undefined {
  try {
    const head = JSON.parse(line) as JournalHead;
    return head.format === 1 ? head : undefined;
  } catch {
    return undefined;
  }
}

async function writeHeader(path: string, header: Buffer): Promise<void> {
  const file = await open(path, "r+");
  try {
    for (let done = 0; done < header.length; ) {
      const { bytesWritten } = await file.write(header, done, header.length - done, done);
      done += bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
