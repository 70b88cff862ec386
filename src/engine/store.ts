import { cp, mkdir, readdir, rename, rm, rmdir, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import PQueue from "p-queue";
import { DigestCache } from "../util/digest-cache.js";
import { isMissing } from "../util/errors.js";
import { type LiveFileState, liveFileState, recorded, sameState } from "../util/file-state.js";
import {
  listFiles,
  lstatIfPresent,
  removeUnfinishedWrites,
  syncFolder,
  syncTree,
  writeFileAtomic,
} from "../util/files.js";
import { mountPoints } from "../util/mount-points.js";
import { isOnlyLinked } from "../util/own-links.js";
import { describeContent, removeDescribed } from "../util/recorded-content.js";
import { unusedPath } from "../util/replace-folder.js";
import { collectJobs } from "./collect-jobs.js";
import { type RecordedFile, renderRecord, type StepRecord } from "./record.js";
import {
  containsMount,
  folderName,
  isBehindLink,
  isLink,
  isMounted,
  isUnreadable,
  moveForeign,
  readRecord,
  recordName,
} from "./step-folder.js";
import { scratchPath, type Workspace } from "./workspace.js";

const stepFolder = /^[a-z]+-[0-9a-f]{64}$/;
/** Records that are open at once. */
const readers = 32;
const keyPattern = /^[0-9a-f]{64}$/;

/** Gets the new path of files that are in the folder of a removed step, but not in its record. */
export type OnMoved = (path: string) => void;

/** Says where the files are (see `OnMoved`). */
export function describeMoved(path: string): string {
  return `moved files that no step wrote to ${path}`;
}

/** The content-addressed store of finished steps: `store/<stage>-<key>/` with outputs and `record.json`. */
export class Store {
  readonly #workspace: Workspace;
  readonly #digests: DigestCache;
  /** States of the files that this process has verified or written, by path. */
  readonly #verified = new Map<string, LiveFileState>();

  constructor(workspace: Workspace, digests = new DigestCache()) {
    this.#workspace = workspace;
    this.#digests = digests;
  }

  /** Returns the folder of a step's outputs, existing or not. */
  folder(stage: string, key: string): string {
    return join(this.#workspace.store, folderName(stage, key));
  }

  /** Returns the folder for a step's partial work across runs, existing or not. */
  partialFolder(key: string): string {
    return join(this.#partials(), key);
  }

  /**
   * Returns the record of a finished step if all outputs are unchanged or were dropped on purpose, else undefined.
   * Always compares sizes; hashes files whose state differs from the record, or all files with `verify`; not again those that
   * differ from their verified state only by hard links of this process.
   * `readOnly` writes nothing: neither the new state of an unchanged file nor the time of this use.
   */
  async find(stage: string, key: string, { verify = false, readOnly = false } = {}): Promise<StepRecord | undefined> {
    const folder = this.folder(stage, key);
    const record = await readRecord(folder);
    if (record === undefined) return undefined;
    let refreshed = false;
    for (const [index, output] of record.outputs.entries()) {
      if (output.dropped) continue;
      const path = join(folder, output.path);
      const now = await liveFileState(path).catch(() => undefined);
      if (now === undefined || now.bytes !== output.bytes) return undefined;
      const isRecorded = sameState(now, output);
      const isUnchanged = isRecorded || this.#isVerified(path, now);
      if ((!isUnchanged || verify) && (await this.#digests.digest(path)) !== output.sha256) return undefined;
      this.#verified.set(path, now);
      if (isRecorded) continue;
      record.outputs[index] = { ...output, ...recorded(now) };
      refreshed = true;
    }
    if (!readOnly) {
      // Store the new states, so that a copied or touched store is hashed once and not on every run.
      if (refreshed) await this.#writeRecord(folder, record).catch(() => undefined);
      else await utimes(join(folder, recordName), new Date(), new Date()).catch(() => undefined);
    }
    return record;
  }

  /** Whether a file of the store has not changed, but for hard links, since this process verified or wrote it. */
  async isVerified(path: string): Promise<boolean> {
    const now = await liveFileState(path).catch(() => undefined);
    return now !== undefined && this.#isVerified(path, now);
  }

  /**
   * Commits a built step: removes the former one as `remove`, flushes its files, renames the folder into the store, writes
   * the record last. `digest` returns a file's sha256, possibly without reading the file.
   */
  async commit(
    built: string,
    record: Omit<StepRecord, "outputs">,
    digest: (path: string) => Promise<string>,
    onMoved?: OnMoved,
  ): Promise<StepRecord> {
    await syncTree(built);
    const outputs: RecordedFile[] = [];
    const states: [string, LiveFileState][] = [];
    for (const path of await listFiles(built)) {
      const file = join(built, path);
      const state = await liveFileState(file);
      states.push([path, state]);
      outputs.push({ path, ...recorded(state), sha256: await digest(file) });
    }
    const folder = this.folder(record.fingerprint.stage, record.key);
    await this.#discard(folder, onMoved);
    await rename(built, folder);
    await syncFolder(this.#workspace.store);
    const whole: StepRecord = { ...record, outputs };
    await this.#writeRecord(folder, whole);
    for (const [path, state] of states) this.#verified.set(join(folder, path), state);
    await rm(this.partialFolder(record.key), { recursive: true, force: true });
    return whole;
  }

  /**
   * Drops one output whose readers are all done. Updates the record before it removes the file. A file behind a link or a mount
   * point stays: who made that has not given it to the store.
   */
  async drop(record: StepRecord, path: string): Promise<StepRecord> {
    const folder = this.folder(record.fingerprint.stage, record.key);
    if ((await isBehindLink(folder, path)) || (await isMounted(folder, path))) return record;
    const outputs = record.outputs.map((output) =>
      output.path === path ? { ...output, dropped: true as const } : output,
    );
    const changed: StepRecord = { ...record, outputs };
    await this.#writeRecord(folder, changed);
    await rm(join(folder, path), { force: true });
    return changed;
  }

  /**
   * Removes a step from the store. Before that, moves files that the record does not list to `<folder>.replaced-<number>`.
   */
  async remove(stage: string, key: string, onMoved?: OnMoved): Promise<void> {
    await this.#discard(this.folder(stage, key), onMoved);
  }

  /** Returns all records in the store with the time of their last use, unordered. */
  async records(): Promise<{ record: StepRecord; lastUsed: Date }[]> {
    const names = await readdir(this.#workspace.store).catch(() => []);
    const queue = new PQueue({ concurrency: readers });
    const found = await queue.addAll(
      names.map((name) => async () => {
        const folder = join(this.#workspace.store, name);
        const record = await readRecord(folder);
        const used = await stat(join(folder, recordName)).catch(() => undefined);
        return record === undefined || used === undefined ? [] : [{ record, lastUsed: used.mtime }];
      }),
    );
    return found.flat();
  }

  /**
   * Removes folders without a record, half-written records, partial work of interrupted steps, and old job files (see
   * `collectJobs`); nothing behind a link. Calls `requireHeld` before each removal.
   */
  async collectGarbage(requireHeld: () => void = () => undefined): Promise<void> {
    const { jobs } = this.#workspace;
    const finished = new Set((await this.records()).map(({ record }) => record.key));
    requireHeld();
    if (!(await isLink(jobs))) await collectJobs(jobs, finished);
    const partials = (await isLink(this.#partials())) ? [] : await readdir(this.#partials()).catch(() => []);
    for (const name of partials) {
      requireHeld();
      if (keyPattern.test(name)) await rm(join(this.#partials(), name), { recursive: true, force: true });
    }
    await rmdir(this.#partials()).catch(() => undefined);
    for (const name of await readdir(this.#workspace.store)) {
      const folder = join(this.#workspace.store, name);
      if (!stepFolder.test(name) || (await isLink(folder))) continue; // a foreign file
      if (await isUnreadable(folder)) continue; // of another version, or damaged: what is the user's there is unknown
      const isFinished = (await readRecord(folder)) !== undefined;
      requireHeld();
      if (!isFinished) await this.#discard(folder);
      else await removeUnfinishedWrites(join(folder, recordName));
    }
  }

  #isVerified(path: string, now: LiveFileState): boolean {
    const verified = this.#verified.get(path);
    return verified !== undefined && isOnlyLinked(verified, now);
  }

  #partials(): string {
    return join(this.#workspace.store, ".partial");
  }

  async #writeRecord(folder: string, record: StepRecord): Promise<void> {
    await writeFileAtomic(join(folder, recordName), renderRecord(record));
  }

  async #discard(folder: string, onMoved?: OnMoved): Promise<void> {
    const found = await lstatIfPresent(folder);
    // Whoever made a link has not given us what is behind it.
    if (found?.isSymbolicLink()) return unlink(folder);
    const [mount] = await mountPoints(folder);
    if (mount !== undefined) throw containsMount(folder, mount);
    const { moved, isOwn } = await moveForeign(folder);
    if (moved !== undefined) onMoved?.(moved);
    // Out of the store at once: a half-removed folder never counts as whole.
    const trash = scratchPath(this.#workspace, "discarded");
    try {
      await rename(folder, trash);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    if (found?.isDirectory() !== true) return rm(trash, { force: true });
    // A program with its working directory in the folder can still write.
    const content = await describeContent(trash, isOwn);
    if (await removeDescribed(trash, [...content.values()].join(""))) return;
    const rest = await unusedPath(folder);
    await rename(trash, rest);
    onMoved?.(rest);
  }
}

/** Creates empty folders `out` and `work` in a fresh folder for building one step. */
export async function openBuildFolder(folder: string): Promise<{ out: string; work: string }> {
  const build = { out: join(folder, "out"), work: join(folder, "work") };
  await mkdir(build.out, { recursive: true });
  await mkdir(build.work, { recursive: true });
  return build;
}

/**
 * Returns a step's outputs on the store's disk, ready for the rename; copies them if they were built on another disk.
 */
export async function moveToStoreDisk(built: string, workspace: Workspace): Promise<string> {
  if (workspace.build === workspace.scratch) return built;
  const copy = scratchPath(workspace, "built");
  await cp(built, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}
