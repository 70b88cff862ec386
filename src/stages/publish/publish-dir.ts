import { existsSync } from "node:fs";
import { constants, realpath, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { requireUnchanged } from "../../hub/upload/local-file.js";
import { copyRegular } from "../../util/copy-file.js";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { makeParents } from "../../util/files.js";
import { mountPoints } from "../../util/mount-points.js";
import { areNested } from "../../util/nested-folders.js";
import { realTarget } from "../../util/real-target.js";
import { type NewFile, replaceFolder, unusedPath, withFolderLock } from "../../util/replace-folder.js";
import { systemReason } from "../../util/system-reason.js";
import { withTemporaryFolder } from "../../util/temporary-folder.js";
import { type Changes, fileOperations, findChanges, isEmpty, noFiles } from "./find-changes.js";
import { type FolderRelease, readFolderRelease, requireSameFiles } from "./folder-release.js";
import type { PublishHooks, PublishOperation } from "./operations.js";
import { allOperations, type PreparedRelease, prepareRelease, signPrepared } from "./prepare-release.js";
import type { CheckedRelease } from "./release-files.js";
import type { ReleaseOptions } from "./release-options.js";
import { requireNames } from "./require-names.js";
import { requireModel } from "./require-own.js";

/** The folder to publish to. */
export interface FolderTarget extends ReleaseOptions {
  path: string;
}

export interface FolderPublication {
  /** The folder's real path. */
  path: string;
  /** Changes of the folder; planned ones in a dry run. */
  operations: PublishOperation[];
}

/**
 * Publishes a verified release to a folder, which then contains this release and kept model files of earlier ones.
 * Replaces the folder as a whole, and only if it contains nothing but unchanged releases of the same model; with
 * `replace`, any other folder is renamed. A kill at any moment leaves the complete old or new release.
 * Errors: QS-PUBLISH-TARGET, QS-PUBLISH-FOREIGN, QS-PUBLISH-NAMES, QS-DISK-FULL, QS-INPUT-CHANGED.
 */
export async function publishToFolder(
  found: CheckedRelease,
  target: FolderTarget,
  hooks: Pick<PublishHooks, "signal" | "onPlan" | "onWait">,
): Promise<FolderPublication> {
  const { signal, onPlan, onWait } = hooks;
  return onTarget(found, target.path, (path, scratch) =>
    withFolderLock(path, { signal, ...(onWait && { onWait }) }, async (folder) => {
      const { previous, prepared, movedTo } = await prepareForTarget(found, { ...target, path }, scratch, signal);
      const changesOf = (release: CheckedRelease) => findFolderChanges(release, path, previous, signal);
      const release = await signPrepared(prepared, hooks, changesOf);
      const changes = await changesOf(release);
      const operations = operationsOf(path, changes, movedTo);
      onPlan?.(prepared.needsSignature ? operations : allOperations(prepared, operations));
      if (isEmpty(changes)) return { path, operations: [] };
      const build = async (next: string) => {
        const kept = changes.keep.map((file) => ({ path: file, bytes: previous.files.get(file)?.bytes ?? 0 }));
        await copyRelease(release, next, signal);
        await copyKept(path, kept, next, signal);
        return [...release.files, ...kept];
      };
      const requireSame = (old: string) => requireSameFiles(path, previous.states, old);
      const renamedTo = await replaceFolder(folder, build, movedTo === undefined ? requireSame : "keep");
      return { path, operations: allOperations(prepared, operationsOf(path, changes, renamedTo)) };
    }),
  );
}

/** Returns the operations of `publishToFolder` without executing them. Errors: as `publishToFolder`. */
export async function previewFolder(
  found: CheckedRelease,
  target: FolderTarget,
  signal: AbortSignal,
): Promise<FolderPublication> {
  return onTarget(found, target.path, async (path, scratch) => {
    const { previous, prepared, movedTo } = await prepareForTarget(found, { ...target, path }, scratch, signal);
    const changes = await findFolderChanges(prepared.release, path, previous, signal);
    return { path, operations: allOperations(prepared, operationsOf(path, changes, movedTo)) };
  });
}

/** Reads the target and prepares the release for it. With `movedTo`, the old folder is kept under that name. */
async function prepareForTarget(
  found: CheckedRelease,
  target: FolderTarget,
  scratch: string,
  signal: AbortSignal,
): Promise<{ previous: FolderRelease; prepared: PreparedRelease; movedTo?: string }> {
  const read = await readTarget(found, target, signal);
  const prepared = await prepareRelease(found, read, target, scratch, signal);
  // The only copy of the signature of somebody else may be there.
  return prepared.replacesSignature
    ? { ...read, prepared, movedTo: await unusedPath(target.path) }
    : { ...read, prepared };
}

/** Reads the target; with `replace`, a folder that contains more than a release of the model counts as moved. */
async function readTarget(
  { report }: CheckedRelease,
  { path, replace }: FolderTarget,
  signal: AbortSignal,
): Promise<{ previous: FolderRelease; movedTo?: string }> {
  try {
    const previous = await readFolderRelease(path, signal);
    requireModel(path, report.model, previous);
    return { previous };
  } catch (error) {
    if (replace !== true || !(error instanceof QuantsmithError) || error.code !== "QS-PUBLISH-FOREIGN") throw error;
  }
  return { previous: { ...noFiles, states: new Map() }, movedTo: await unusedPath(path) };
}

/** Compares as `findChanges`. Errors: QS-PUBLISH-NAMES for kept files, since the folder may become a repository. */
async function findFolderChanges(
  release: CheckedRelease,
  path: string,
  previous: FolderRelease,
  signal: AbortSignal,
): Promise<Changes> {
  const changes = await findChanges(release, previous, signal);
  requireNames(path, release, previous.files.keys(), changes);
  return changes;
}

function operationsOf(path: string, changes: Changes, movedTo: string | undefined): PublishOperation[] {
  const operations = fileOperations(changes);
  return movedTo === undefined ? operations : [{ operation: "rename", path, to: movedTo }, ...operations];
}

/** Runs `work` with the real path of a valid target and a temporary folder, and adds codes to its system errors. */
async function onTarget<T>(
  release: CheckedRelease,
  target: string,
  work: (path: string, scratch: string) => Promise<T>,
): Promise<T> {
  try {
    // Replaces the target of a link, not the link.
    const path = await realTarget(target);
    await requireSeparate(await realpath(release.folder), path);
    requireNotOwned(path);
    await requireNoMount(path);
    return await withTemporaryFolder((scratch) => work(path, scratch));
  } catch (error) {
    throw isSystemError(error) ? unwritable(target, error) : error;
  }
}

async function copyRelease({ files }: CheckedRelease, to: string, signal: AbortSignal): Promise<void> {
  for (const file of files) {
    signal.throwIfAborted();
    await makeParents(to, file.path);
    // Not a hard link, since an edit of a published file must not change the store.
    await copyRegular(file.source, join(to, file.path), constants.COPYFILE_FICLONE).catch(async (error: unknown) => {
      await requireUnchanged(file);
      throw error;
    });
    await requireUnchanged(file, join(to, file.path));
  }
}

/** Copies files of the old folder: a hard link would change their times, which show that nobody else changed them. */
async function copyKept(folder: string, kept: readonly NewFile[], to: string, signal: AbortSignal): Promise<void> {
  for (const { path } of kept) {
    signal.throwIfAborted();
    await makeParents(to, path);
    await copyRegular(join(folder, path), join(to, path), constants.COPYFILE_FICLONE);
  }
}

/** Throws QS-PUBLISH-TARGET if the target contains the release or vice versa, since publishing would destroy one. */
async function requireSeparate(release: string, target: string): Promise<void> {
  if (!areNested(release, target)) return;
  throw new QuantsmithError(
    "QS-PUBLISH-TARGET",
    `the target ${target} and the release ${release} are the same folder, or one contains the other`,
    {
      remedy: "Use a folder outside the release.",
    },
  );
}

/**
 * Throws QS-PUBLISH-TARGET for an output folder (its store has a folder of locks) and its folders from which `cache gc` and later
 * runs remove what they do not know.
 */
function requireNotOwned(target: string): void {
  for (let output = target; output !== dirname(output); output = dirname(output)) {
    const [first = ""] = relative(output, target).split(sep);
    if (!["", "store", "tmp", "runs"].includes(first) || !existsSync(join(output, "store", ".locks"))) continue;
    throw new QuantsmithError("QS-PUBLISH-TARGET", `${target} is used by quantsmith: ${output} is an output folder`, {
      remedy: `Use another folder, such as \`dir:${join(output, "published")}\`.`,
    });
  }
}

/** Throws QS-PUBLISH-TARGET for the root of a mounted file system, which cannot be renamed, and a folder that contains one. */
async function requireNoMount(path: string): Promise<void> {
  const device = async (folder: string) => (await stat(folder).catch(() => undefined))?.dev;
  const own = await device(path);
  const mounts = await mountPoints(path);
  if (mounts.includes(path) || (own !== undefined && own !== (await device(dirname(path))))) {
    throw new QuantsmithError("QS-PUBLISH-TARGET", `${path} is a mount point, which cannot be replaced as a whole`, {
      remedy: `Use a folder in it, such as \`dir:${join(path, "model")}\`.`,
    });
  }
  const [inside] = mounts;
  if (inside === undefined) return;
  throw new QuantsmithError("QS-PUBLISH-TARGET", `${path} contains a mount point, ${inside}`, {
    remedy: "Unmount it with `umount`, or use another folder: publishing replaces the folder as a whole.",
  });
}

function unwritable(target: string, error: NodeJS.ErrnoException): QuantsmithError {
  const reason = systemReason(error);
  // Of a copy, the path is that of the release, which need not be at fault.
  const path = "dest" in error && typeof error.dest === "string" ? error.dest : error.path;
  const place = path === undefined || path === target || reason.includes(path) ? "" : ` (${path})`;
  const message = `${target} cannot be written: ${reason}${place}`;
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(error.code ?? "")
    ? new QuantsmithError("QS-DISK-FULL", message, {
        remedy: "Free disk space or raise the quota there, then publish again. The previous release is unchanged.",
        cause: error,
      })
    : new QuantsmithError("QS-PUBLISH-TARGET", message, {
        remedy: "Check the path, the permissions of its parent folder and the file system, then publish again.",
        cause: error,
      });
}
