import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";

/** While all of these are equal, a file's content counts as unchanged. Times in nanoseconds and inode, as text. */
export interface FileState {
  bytes: number;
  mtime: string;
  /** Changes with every write, also if a program sets mtime back, and when a hard link is added or removed. */
  ctime: string;
  inode: string;
}

/** A state for comparisons in one process: device numbers change when a machine starts again. */
export interface LiveFileState extends FileState {
  device: string;
  /** Number of hard links. */
  links: number;
}

/** Returns the state of a file, for a record; follows links. Rejects with Node's error for a missing file. */
export async function fileState(path: string): Promise<FileState> {
  return recordedState(await stat(path, { bigint: true }));
}

/** Returns the state of a file, for this process; follows links. Rejects with Node's error for a missing file. */
export async function liveFileState(path: string): Promise<LiveFileState> {
  return liveStateOf(await stat(path, { bigint: true }));
}

/** Returns the state in a file's `stats`. */
export function liveStateOf(stats: BigIntStats): LiveFileState {
  return { ...recordedState(stats), device: String(stats.dev), links: Number(stats.nlink) };
}

/** Returns the part of a state that is recorded. */
export function recorded({ bytes, mtime, ctime, inode }: FileState): FileState {
  return { bytes, mtime, ctime, inode };
}

function recordedState({ size, mtimeNs, ctimeNs, ino }: BigIntStats): FileState {
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

/**
 * Whether a path still leads to the same file, and nothing has written to it meanwhile, even if its content and mtime are
 * the same again. Adding a hard link also changes ctime, but writes nothing.
 */
export function isUntouched(before: LiveFileState, now: LiveFileState): boolean {
  const isSame = before.device === now.device && sameButLinks(before, now);
  return isSame && (before.ctime === now.ctime || before.links !== now.links);
}
