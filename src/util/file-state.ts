import { stat } from "node:fs/promises";

/** While all of these are equal, a file's content counts as unchanged. Times in nanoseconds and inode, as text. */
export interface FileState {
  bytes: number;
  mtime: string;
  /** Changes with every write, also if a program sets mtime back, and when a hard link is added or removed. */
  ctime: string;
  inode: string;
}

/** Returns the state of a file; follows links. Rejects with Node's error for a missing file. */
export async function fileState(path: string): Promise<FileState> {
  const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true });
  return { bytes: Number(size), mtime: String(mtimeNs), ctime: String(ctimeNs), inode: String(ino) };
}

/** Whether two states are equal in size, mtime and inode; if so, they may still differ by hard links. */
export function sameButLinks(a: FileState, b: FileState): boolean {
  return a.bytes === b.bytes && a.mtime === b.mtime && a.inode === b.inode;
}

/** Whether two states are equal. */
export function sameState(a: FileState, b: FileState): boolean {
  return sameButLinks(a, b) && a.ctime === b.ctime;
}
