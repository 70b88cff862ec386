import { lstat, readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { whileIdle } from "../engine/cache.js";
import { diskPeak } from "../engine/disk-peak.js";
import { estimatePlan } from "../engine/estimate-plan.js";
import { repairRelease, withdrawRelease } from "../engine/install-release.js";
import { releaseOwner } from "../engine/release-owner.js";
import { keyPlan } from "../engine/step-keys.js";
import { describeMoved, Store } from "../engine/store.js";
import { openWorkspace, type Workspace } from "../engine/workspace.js";
import type { Plan } from "../plan/plan.js";
import { signatureFile } from "../release/sign/statement.js";
import { formatBytes } from "../util/bytes.js";
import { DigestCache } from "../util/digest-cache.js";
import { isMissing, QuantsmithError } from "../util/errors.js";
import { isPresent, listFiles } from "../util/files.js";
import { checksumsOf, hasOwnSignature, isAtTarget, showsRelease } from "./published-release.js";
import type { QueueEntry } from "./queue-status.js";
import { openedSizes, stillOpens } from "./target-view.js";

/** What `makeRoom` may remove, and what it tells. */
export interface RoomHooks {
  signal: AbortSignal;
  note: (line: string) => void;
  tell: (line: string) => void;
  /** Models whose published releases may be removed, the first to remove first. */
  published: () => readonly QueueEntry[];
  /** Store folders of the steps of models that are not published, to remove last. */
  unpublishedSteps: () => Promise<{ failed: ReadonlySet<string>; others: ReadonlySet<string> }>;
  /** Called before the local files of a published release are removed, so that after a kill none is taken for whole. */
  onDrop: (name: string) => Promise<void>;
  /** Called for a release that stays; if after `onDrop`, only its steps were removed. */
  onKept: (name: string) => Promise<void>;
  /** Called for a release that its target no longer has as it was published. */
  onGone: (name: string) => Promise<void>;
}

const busyRetryMs = 2000;

/**
 * Removes releases with their steps from an output folder until a plan's peak disk use fits; only those that are verified
 * at their target at that time, and none that was changed since. Removes the steps of failed models at last.
 * Errors: QS-QUEUE-DISK, QS-HUB-*.
 */
export async function makeRoom(out: string, plan: Plan, maxDiskBytes: number, hooks: RoomHooks): Promise<void> {
  const workspace = await openWorkspace(out);
  try {
    const { steps } = await estimatePlan(plan, workspace);
    const needed = diskPeak(plan, new Map(steps.map(({ id, predictedBytes }) => [id, predictedBytes])));
    if (needed > maxDiskBytes) throw tooLarge(plan, formatBytes(needed), maxDiskBytes);
    // Partial work of this plan, such as an interrupted download, is part of what the plan needs.
    const partials = [...keyPlan(plan).values()].map(({ key }) => new Store(workspace).partialFolder(key));
    let used = await usedBytes(workspace, partials);
    if (used + needed <= maxDiskBytes) return;
    const own = stepFolders(plan);
    const { failed, others } = await hooks.unpublishedSteps();
    const shared = new Set([...own, ...failed, ...others]);
    for (const kept of [shared, own]) {
      for (const entry of hooks.published()) {
        await drop(workspace, entry, kept, hooks);
        used = await usedBytes(workspace, partials);
        if (used + needed <= maxDiskBytes) return;
      }
    }
    const ofFailed = new Set([...failed].filter((folder) => !own.has(folder) && !others.has(folder)));
    const last = await storedSteps(workspace, ofFailed);
    if (last.length > 0)
      await whenIdle(workspace, hooks, (requireHeld) => removeSteps(workspace, last, requireHeld, hooks));
    used = await usedBytes(workspace, partials);
    if (used + needed <= maxDiskBytes) return;
    const sizes = `${formatBytes(needed)} beside the ${formatBytes(used)} that cannot be removed`;
    throw tooLarge(plan, sizes, maxDiskBytes);
  } finally {
    await workspace.close();
  }
}

function tooLarge({ name }: Plan, sizes: string, maxDiskBytes: number): QuantsmithError {
  return new QuantsmithError("QS-QUEUE-DISK", `${name} needs ${sizes}, more than ${formatBytes(maxDiskBytes)}`, {
    remedy:
      "Raise `maxDisk`, set `keepIntermediates: false` in the recipe, or remove steps of other recipes with `quantsmith cache gc`.",
  });
}

/** Returns the names of a plan's steps in the store. */
export function stepFolders(plan: Plan): Set<string> {
  return new Set([...keyPlan(plan).values()].map(({ step, key }) => `${step.stage}-${key}`));
}

/** Removes a published release and the steps behind it, except `kept` ones. */
async function drop(
  workspace: Workspace,
  entry: QueueEntry,
  kept: ReadonlySet<string>,
  hooks: RoomHooks,
): Promise<void> {
  const { name, published } = entry;
  if (published === undefined) return;
  const { signal, note, tell } = hooks;
  const release = join(workspace.releases, name);
  // After a kill during the removal, it is at another path.
  if (!(await isPresent(release))) await repairRelease(workspace, name, signal);
  if (!(await findLocal(workspace, entry, kept))) return;
  await whenIdle(workspace, hooks, async (requireHeld) => {
    // Only now: the wait for another run can be long, and that run can build the release again.
    const steps = await findLocal(workspace, entry, kept);
    if (steps === undefined) return;
    const folder = "path" in published.place ? published.place.path : undefined;
    const isCopied =
      (await isAtTarget(published, release, signal)) &&
      !(folder !== undefined && (await showsRelease(folder, release)));
    if (!isCopied) {
      note(`Kept the release ${name}: it is no longer at its target as it was published.`);
      await hooks.onGone(name);
      return;
    }
    if (await hasOwnSignature(published, release, signal)) {
      note(`Kept the release ${name}: its target does not have its ${signatureFile}.`);
      return;
    }
    const sizes = folder === undefined ? undefined : await openedSizes(folder);
    const requireCopy = async () => {
      if (folder !== undefined && !(await stillOpens(folder, sizes))) throw new ViewError();
    };
    const removeAllSteps = async () => {
      requireHeld();
      await hooks.onDrop(name);
      await removeSteps(workspace, steps, requireHeld, hooks);
      requireHeld();
    };
    const whileAside = async () => {
      await requireCopy();
      await removeAllSteps();
      // What the target shows can be a step's file; the release still has it.
      await requireCopy();
    };
    requireHeld();
    const owner = await releaseOwner(workspace, { file: entry.recipe, sha256: "" });
    const target = { workspace, name, owner, digests: new DigestCache(), signal, replace: false, verify: false };
    try {
      if ((await withdrawRelease(target, { whileAside })) === undefined) await removeAllSteps();
    } catch (error) {
      if (error instanceof ViewError) {
        note(`Kept the release ${name}: the files at its target are links to it.`);
        await hooks.onKept(name);
        return;
      }
      if (!(error instanceof QuantsmithError) || error.code !== "QS-RELEASE-FOREIGN") throw error;
      note(`Kept the release ${name}: ${error.message}.`);
      await removeAllSteps();
      await hooks.onKept(name);
      return;
    }
    if (!published.isDropped) tell(`Removed the release ${name} and its steps here: it is published and verified.`);
  });
}

/** The files at a target disappear with the local release. */
class ViewError extends Error {}

/**
 * Returns the steps to remove with a published release; undefined if nothing of it is here, or if it was built again
 * since.
 */
async function findLocal(
  workspace: Workspace,
  { name, published }: QueueEntry,
  kept: ReadonlySet<string>,
): Promise<string[] | undefined> {
  const present = await checksumsOf(join(workspace.releases, name));
  const steps = await storedSteps(workspace, new Set(published?.steps.filter((folder) => !kept.has(folder))));
  const isPublished = present === undefined ? steps.length > 0 : present === published?.installed;
  return isPublished ? steps : undefined;
}

/** Returns the folders that are in the store. */
async function storedSteps({ store }: Workspace, folders: ReadonlySet<string>): Promise<string[]> {
  return (await readdir(store)).filter((name) => folders.has(name));
}

async function removeSteps(
  workspace: Workspace,
  folders: readonly string[],
  requireHeld: () => void,
  { note }: RoomHooks,
): Promise<void> {
  const store = new Store(workspace);
  for (const folder of folders) {
    const [stage = "", key = ""] = folder.split("-");
    requireHeld();
    await store.remove(stage, key, (path) => note(describeMoved(path)));
  }
}

/** Runs work that removes steps when no run uses the store. */
async function whenIdle(
  workspace: Workspace,
  { signal, tell }: RoomHooks,
  work: Parameters<typeof whileIdle<void>>[2],
): Promise<void> {
  const onWait = (owner: string) => tell(`waiting for another process that removes steps: ${owner}`);
  for (let waited = false; ; waited = true) {
    try {
      return await whileIdle(workspace, { signal, onWait }, work);
    } catch (error) {
      if (!(error instanceof QuantsmithError) || error.code !== "QS-CACHE-BUSY") throw error;
      if (!waited) tell("waiting for the end of another run, to remove published releases");
      await sleep(busyRetryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Attempts to list folders in which other processes remove files. */
const maxListings = 10;

/**
 * Returns the bytes of the store, the releases and temporary files, except in the folders `except`; a file with several
 * hard links counts once.
 */
async function usedBytes({ store, releases, tmp }: Workspace, except: readonly string[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      const bytes = new Map<number, number>();
      for (const folder of [store, releases, tmp]) {
        for (const name of await listFiles(folder)) {
          const path = join(folder, name);
          if (except.some((other) => path.startsWith(other + sep))) continue;
          const { ino, size } = await lstat(path);
          bytes.set(ino, size);
        }
      }
      return [...bytes.values()].reduce((sum, one) => sum + one, 0);
    } catch (error) {
      if (!isMissing(error) || attempt === maxListings) throw error;
    }
  }
}
