import { mkdir, realpath, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isNoFile, QuantsmithError } from "../util/errors.js";
import { listAllFiles, lstatIfPresent, removeUnfinishedWrites } from "../util/files.js";
import { mountPoints } from "../util/mount-points.js";
import { readRegular } from "../util/regular-file.js";
import { unusedPath } from "../util/replace-folder.js";
import { isWithin, parseRecord, type StepRecord } from "./record.js";

/* What is in a step's folder of the store: its record, and files and links that are not the store's. */

/** Written last: without it, a folder is not finished. */
export const recordName = "record.json";

/** What of a step's folder is not the store's. */
interface Foreign {
  /** The new path of files that were moved. */
  moved?: string;
  /** Whether a file with a relative path is the store's. Without a record, all are. */
  isOwn: (path: string) => boolean;
}

/** Moves files that the record of a step's folder does not list, or the folder if its record cannot be read. */
export async function moveForeign(folder: string): Promise<Foreign> {
  const text = await readRecordText(folder);
  if (isUnreadableText(text)) {
    const moved = await unusedPath(folder);
    await rename(folder, moved);
    return { moved, isOwn: () => false };
  }
  const record = ownRecord(folder, text);
  if (record === undefined) return { isOwn: () => true };
  await removeUnfinishedWrites(join(folder, recordName));
  const own = new Set([recordName, ...record.outputs.map(({ path }) => path)]);
  const isOwn = (path: string) => own.has(path);
  const foreign = (await listAllFiles(folder)).filter((path) => !isOwn(path));
  if (foreign.length === 0) return { isOwn };
  const moved = await unusedPath(folder);
  for (const path of foreign) {
    await mkdir(dirname(join(moved, path)), { recursive: true });
    await rename(join(folder, path), join(moved, path));
  }
  return { moved, isOwn };
}

/** Whether a file of a step is at or below a mount point, at the step's folder or below. */
export async function isMounted(folder: string, path: string): Promise<boolean> {
  const points = await mountPoints(folder);
  if (points.length === 0) return false;
  const real = await realpath(join(folder, path)).catch(() => join(folder, path));
  return points.some((point) => isWithin(real, point));
}

/** The error for a step's folder that cannot be removed. */
export function containsMount(folder: string, mount: string): QuantsmithError {
  return new QuantsmithError("QS-ENV-OUTPUT", `cannot remove ${folder}, which contains a mount point, ${mount}`, {
    remedy: "Unmount it with `umount`, then run again.",
  });
}

/** Whether the path to a file of a step leads through a link, at the step's folder or below. */
export async function isBehindLink(folder: string, path: string): Promise<boolean> {
  for (let parent = path; parent !== "."; ) {
    parent = dirname(parent);
    if (await isLink(join(folder, parent))) return true;
  }
  return false;
}

/** Whether a path is a link, even to nothing. */
export async function isLink(path: string): Promise<boolean> {
  return (await lstatIfPresent(path))?.isSymbolicLink() === true;
}

/** Returns the record of a step's folder; undefined without a whole one, or in a copy under another name. */
export async function readRecord(folder: string): Promise<StepRecord | undefined> {
  return ownRecord(folder, await readRecordText(folder));
}

function ownRecord(folder: string, text: string): StepRecord | undefined {
  const record = parseRecord(text);
  return record !== undefined && basename(folder) === folderName(record.fingerprint.stage, record.key)
    ? record
    : undefined;
}

/** Whether the record of a step's folder is of another version, or damaged. */
export async function isUnreadable(folder: string): Promise<boolean> {
  return isUnreadableText(await readRecordText(folder));
}

const isUnreadableText = (text: string) => text !== "" && parseRecord(text) === undefined;

/** Returns the text of a record; empty if there is no regular file. Errors: system errors; such a record may be whole. */
async function readRecordText(folder: string): Promise<string> {
  try {
    return String(await readRegular(join(folder, recordName)));
  } catch (error) {
    if (isNoFile(error)) return "";
    throw error;
  }
}

/** Returns the name of a step's folder in the store. */
export function folderName(stage: string, key: string): string {
  return `${stage}-${key}`;
}
