import { parseDigest } from "../../hub/digest.js";
import { hashFile } from "../../hub/hash-file.js";
import type { HubFile } from "../../hub/hub-file.js";
import type { Origin } from "../../release/history.js";
import type { OwnRelease } from "../../release/own-files.js";
import type { RunReport } from "../../release/release-report.js";
import { signatureFile } from "../../release/sign/statement.js";
import { stableReleaseDigest } from "../../release/stable-release-digest.js";
import { isModelFile } from "../../release/variant-files.js";
import type { PublishOperation } from "./operations.js";
import type { CheckedRelease, ReleaseFile } from "./release-files.js";

/** A file at the target. */
export type PublishedFile = Pick<HubFile, "bytes" | "digest">;

/** Files at the target of a publication. */
export interface PublishedFiles {
  /** All files, by path. */
  files: ReadonlyMap<string, PublishedFile>;
  /** What the previous release of quantsmith there and its history name as their files, path to sha256; empty without one. */
  own: ReadonlyMap<string, string>;
  /** Undefined without a release of quantsmith. */
  release: PreviousRelease | undefined;
  /** Returns the sha256 of a file's current content; undefined if it cannot be read. */
  sha256(path: string): Promise<string | undefined>;
  /** Returns a file's current text; undefined if it cannot be read. */
  text(path: string): Promise<string | undefined>;
}

export interface PreviousRelease extends OwnRelease {
  /** When and by which commit it was published. */
  origin(): Promise<Origin>;
}

/** The files of a target that does not exist. */
export const noFiles: PublishedFiles = {
  files: new Map(),
  own: new Map(),
  sha256: async () => undefined,
  text: async () => undefined,
  release: undefined,
};

/** Changes that make a target contain a release. */
export interface Changes {
  add: ReleaseFile[];
  update: ReleaseFile[];
  /** Unchanged files of the previous release that are not in this one, without those to keep. */
  remove: string[];
  /** Unchanged model files of earlier releases that are not in this one, and stay. */
  keep: string[];
}

/**
 * Compares a release with the files at the target. Removes files of the previous release that are unchanged since and
 * not in this one: model files only if the release `removes` them, the signature only together with other changes. Also
 * removes a signature of anything else, which `requireOwn` does not allow by itself. All other files stay. A release that
 * differs only in step times and measured speeds changes nothing.
 */
export async function findChanges(
  { files, report, removes = () => false }: Pick<CheckedRelease, "files" | "report" | "removes">,
  previous: PublishedFiles,
  signal: AbortSignal,
): Promise<Changes> {
  const changes: Changes = { add: [], update: [], remove: [], keep: [] };
  for (const file of files) {
    const present = previous.files.get(file.path);
    if (present === undefined) changes.add.push(file);
    else if (!(await isSame(file, present, signal))) changes.update.push(file);
  }
  const released = new Set(files.map(({ path }) => path));
  for (const [path, sha256] of [...previous.own].sort()) {
    const isGone = !previous.files.has(path) || released.has(path);
    if (isGone || (await previous.sha256(path)) !== sha256) continue;
    (isModelFile(path) && !removes(path) ? changes.keep : changes.remove).push(path);
  }
  const isForeign = previous.files.has(signatureFile) && !previous.own.has(signatureFile);
  if (isForeign && !released.has(signatureFile)) changes.remove.push(signatureFile);
  return isRepetition(changes, report, previous) ? { ...changes, update: [], remove: [] } : changes;
}

/** Returns true if only step times and measured speeds differ, and at most the signature is missing. */
function isRepetition({ add, update, remove }: Changes, report: RunReport, { own, release }: PublishedFiles): boolean {
  if (add.length > 0 || remove.some((path) => path !== signatureFile || !own.has(path))) return false;
  if (update.some(({ path }) => path !== "release.json")) return false;
  return update.length === 0 || (release !== undefined && isSameRelease(report, release.report));
}

/** Compares two reports without their step times and measured speeds. */
export function isSameRelease(some: RunReport, other: RunReport): boolean {
  return stableReleaseDigest(some) === stableReleaseDigest(other);
}

export function isEmpty({ add, update, remove }: Changes): boolean {
  return add.length + update.length + remove.length === 0;
}

/** Returns the changes as operations; `replaced` are updated files that are not of the previous release. */
export function fileOperations(changes: Changes, replaced: readonly string[] = []): PublishOperation[] {
  if (isEmpty(changes)) return [];
  const { add, update, remove, keep } = changes;
  const operationOf = (path: string) => (replaced.includes(path) ? ("replace" as const) : ("update" as const));
  return [
    ...add.map(({ path, bytes, sha256 }) => ({ operation: "add" as const, path, bytes, sha256 })),
    ...update.map(({ path, bytes, sha256 }) => ({ operation: operationOf(path), path, bytes, sha256 })),
    ...remove.map((path) => ({ operation: "delete" as const, path })),
    ...keep.map((path) => ({ operation: "keep" as const, path })),
  ];
}

/** Compares by sha256 for large and local files, and by git's blob id for the others. */
async function isSame(file: ReleaseFile, present: PublishedFile, signal: AbortSignal): Promise<boolean> {
  if (file.bytes !== present.bytes) return false;
  const digest = parseDigest(present.digest, present.bytes);
  if (digest.algorithm === "sha256") return digest.hex === file.sha256;
  if (file.isStored) return false;
  return (await hashFile(file.source, file.bytes, digest, signal)) === digest.hex;
}
