import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../util/errors.js";
import { listFiles, syncFile, syncFolder, writeFileAtomic } from "../util/files.js";
import { sha256File } from "../util/sha256.js";
import { parseRecord, type RecordedFile, type StepRecord } from "./record.js";
import type { Workspace } from "./workspace.js";

/** The content-addressed results of finished steps: `store/<stage>-<key>/` with outputs and `record.json`. */
export class Store {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Folder of a step's outputs, whether it exists or not. */
  folder(stage: string, key: string): string {
    return join(this.#workspace.store, `${stage}-${key}`);
  }

  /**
   * The record of a finished step whose outputs are all there and unchanged, else undefined.
   * Sizes are always compared; content is hashed when a file's mtime or inode is not the recorded one, or with `verify`.
   * `readOnly` writes nothing, not even the new mtime of a file that proved unchanged.
   */
  async find(stage: string, key: string, { verify = false, readOnly = false } = {}): Promise<StepRecord | undefined> {
    const folder = this.folder(stage, key);
    const record = parseRecord(await readFile(join(folder, "record.json"), "utf8").catch(() => ""));
    if (record?.key !== key) return undefined;
    let refreshed = false;
    for (const [index, output] of record.outputs.entries()) {
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
    // Remember the new mtimes, so that a copied or touched store is hashed once and not at every run.
    if (refreshed && !readOnly) await this.#writeRecord(folder, record).catch(() => undefined);
    return record;
  }

  /**
   * Makes a built step final: flushes its files, renames the folder into the store, writes the record last.
   * `digest` gives a file's sha256; it may know it without reading the file.
   */
  async commit(
    built: string,
    stage: string,
    record: Omit<StepRecord, "outputs">,
    digest: (path: string) => Promise<string>,
  ): Promise<StepRecord> {
    const outputs: RecordedFile[] = [];
    for (const path of await listFiles(built)) {
      const file = join(built, path);
      await syncFile(file);
      outputs.push({ path, ...(await describe(file)), sha256: await digest(file) });
    }
    await syncTree(built);
    const folder = this.folder(stage, record.key);
    await this.#discard(folder);
    await rename(built, folder);
    await syncFolder(this.#workspace.store);
    const whole: StepRecord = { ...record, outputs };
    await this.#writeRecord(folder, whole);
    return whole;
  }

  /** Removes a step from the store; its record goes first, so that a half-removed folder is never taken for whole. */
  async remove(stage: string, key: string): Promise<void> {
    await this.#discard(this.folder(stage, key));
  }

  /** All records in the store, in no particular order. */
  async records(): Promise<StepRecord[]> {
    const folders = await readdir(this.#workspace.store).catch(() => []);
    const texts = await Promise.all(
      folders.map((name) => readFile(join(this.#workspace.store, name, "record.json"), "utf8").catch(() => "")),
    );
    return texts.map(parseRecord).filter((record) => record !== undefined);
  }

  async #writeRecord(folder: string, record: StepRecord): Promise<void> {
    await writeFileAtomic(join(folder, "record.json"), `${JSON.stringify(record, null, 2)}\n`);
  }

  async #discard(folder: string): Promise<void> {
    await rm(join(folder, "record.json"), { force: true });
    const grave = join(this.#workspace.tmp, `discarded-${process.pid}-${randomBytes(6).toString("hex")}`);
    try {
      await rename(folder, grave);
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return;
      throw error;
    }
    await rm(grave, { recursive: true, force: true });
  }
}

/** Size, mtime and inode of a file, links followed. */
async function describe(path: string): Promise<Pick<RecordedFile, "bytes" | "mtime" | "inode">> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true });
  return { bytes: Number(size), mtime: String(mtimeNs), inode: String(ino) };
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolder(join(entry.parentPath, entry.name));
  }
  await syncFolder(folder);
}

/** Creates an empty `out` and `work` below a fresh folder for building one step. */
export async function openBuildFolder(folder: string): Promise<{ out: string; work: string }> {
  const build = { out: join(folder, "out"), work: join(folder, "work") };
  await mkdir(build.out, { recursive: true });
  await mkdir(build.work, { recursive: true });
  return build;
}
