import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../util/errors.js";
import { listFiles, syncFolder, syncTree, writeFileAtomic } from "../util/files.js";
import { sha256File } from "../util/sha256.js";
import { collectJobs } from "./collect-jobs.js";
import { parseRecord, type RecordedFile, renderRecord, type StepRecord } from "./record.js";
import { scratchPath, type Workspace } from "./workspace.js";

const recordName = "record.json";
const stepFolder = /^[a-z]+-[0-9a-f]{64}$/;

/** The content-addressed store of finished steps: `store/<stage>-<key>/` with outputs and `record.json`. */
export class Store {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Returns the folder of a step's outputs, existing or not. */
  folder(stage: string, key: string): string {
    return join(this.#workspace.store, `${stage}-${key}`);
  }

  /** Returns the folder for a step's partial work across runs, existing or not. */
  partialFolder(key: string): string {
    return join(this.#partials(), key);
  }

  /**
   * Returns the record of a finished step if all outputs are unchanged or were dropped on purpose, else undefined.
   * Always compares sizes; hashes files whose mtime or inode differs from the record, or all files with `verify`.
   * `readOnly` writes nothing: neither the new mtime of an unchanged file nor the time of this use.
   */
  async find(stage: string, key: string, { verify = false, readOnly = false } = {}): Promise<StepRecord | undefined> {
    const folder = this.folder(stage, key);
    const record = await readRecord(folder);
    if (record?.key !== key) return undefined;
    let refreshed = false;
    for (const [index, output] of record.outputs.entries()) {
      if (output.dropped) continue;
      const path = join(folder, output.path);
      const now = await describe(path).catch(() => undefined);
      if (now === undefined || now.bytes !== output.bytes) return undefined;
      const touched = now.mtime !== output.mtime || now.inode !== output.inode;
      if ((touched || verify) && (await sha256File(path)) !== output.sha256) return undefined;
      if (touched) {
        record.outputs[index] = { ...output, ...now };
        refreshed = true;
      }
    }
    if (!readOnly) {
      // Store the new mtimes, so that a copied or touched store is hashed once and not on every run.
      if (refreshed) await this.#writeRecord(folder, record).catch(() => undefined);
      else await utimes(join(folder, recordName), new Date(), new Date()).catch(() => undefined);
    }
    return record;
  }

  /**
   * Commits a built step: flushes its files, renames the folder into the store, writes the record last. `digest`
   * returns a file's sha256, possibly without reading the file.
   */
  async commit(
    built: string,
    record: Omit<StepRecord, "outputs">,
    digest: (path: string) => Promise<string>,
  ): Promise<StepRecord> {
    const outputs: RecordedFile[] = [];
    for (const path of await listFiles(built)) {
      const file = join(built, path);
      outputs.push({ path, ...(await describe(file)), sha256: await digest(file) });
    }
    await syncTree(built);
    const folder = this.folder(record.fingerprint.stage, record.key);
    await this.#discard(folder);
    await rename(built, folder);
    await syncFolder(this.#workspace.store);
    const whole: StepRecord = { ...record, outputs };
    await this.#writeRecord(folder, whole);
    await rm(this.partialFolder(record.key), { recursive: true, force: true });
    return whole;
  }

  /** Drops one output whose readers are all done. Updates the record before it removes the file. */
  async drop(record: StepRecord, path: string): Promise<StepRecord> {
    const folder = this.folder(record.fingerprint.stage, record.key);
    const outputs = record.outputs.map((output) =>
      output.path === path ? { ...output, dropped: true as const } : output,
    );
    const changed: StepRecord = { ...record, outputs };
    await this.#writeRecord(folder, changed);
    await rm(join(folder, path), { force: true });
    return changed;
  }

  /** Removes a step from the store, its record first, so that a half-removed folder never counts as whole. */
  async remove(stage: string, key: string): Promise<void> {
    await this.#discard(this.folder(stage, key));
  }

  /** Returns all records in the store with the time of their last use, unordered. */
  async records(): Promise<{ record: StepRecord; lastUsed: Date }[]> {
    const names = await readdir(this.#workspace.store).catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => {
        const folder = join(this.#workspace.store, name);
        const record = await readRecord(folder);
        const used = await stat(join(folder, recordName)).catch(() => undefined);
        return record === undefined || used === undefined ? [] : [{ record, lastUsed: used.mtime }];
      }),
    );
    return found.flat();
  }

  /** Removes folders without a record, partial work of interrupted steps, and old job files (see `collectJobs`). */
  async collectGarbage(): Promise<void> {
    await collectJobs(this.#workspace.jobs, new Set((await this.records()).map(({ record }) => record.key)));
    await rm(this.#partials(), { recursive: true, force: true });
    for (const name of await readdir(this.#workspace.store)) {
      if (!stepFolder.test(name)) continue; // a foreign file
      const folder = join(this.#workspace.store, name);
      if ((await readRecord(folder)) === undefined) await this.#discard(folder);
    }
  }

  #partials(): string {
    return join(this.#workspace.store, ".partial");
  }

  async #writeRecord(folder: string, record: StepRecord): Promise<void> {
    await writeFileAtomic(join(folder, recordName), renderRecord(record));
  }

  async #discard(folder: string): Promise<void> {
    // ENOTDIR: a plain file has the folder's name; it is removed like a folder.
    await rm(join(folder, recordName), { force: true }).catch((error: unknown) => {
      if (!isSystemError(error) || error.code !== "ENOTDIR") throw error;
    });
    const trash = scratchPath(this.#workspace, "discarded");
    try {
      await rename(folder, trash);
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return;
      throw error;
    }
    await rm(trash, { recursive: true, force: true });
  }
}

async function readRecord(folder: string): Promise<StepRecord | undefined> {
  return parseRecord(await readFile(join(folder, recordName), "utf8").catch(() => ""));
}

/** Returns size, mtime and inode of a file; follows links. */
async function describe(path: string): Promise<Pick<RecordedFile, "bytes" | "mtime" | "inode">> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true });
  return { bytes: Number(size), mtime: String(mtimeNs), inode: String(ino) };
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
