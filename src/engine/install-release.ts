import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { linkOrCopy, listFiles, syncFolder } from "../util/files.js";
import { withLock } from "../util/lock.js";
import { sha256File } from "../util/sha256.js";
import type { StepRecord } from "./record.js";
import { lockPath, scratchPath, type Workspace } from "./workspace.js";

/**
 * Installs a finished package step as `releases/<name>/`, by hard links, and returns the path. Swaps the folder as a
 * whole; leaves an equal folder alone.
 */
export async function installRelease(
  workspace: Workspace,
  name: string,
  packaged: { folder: string; record: StepRecord },
  signal: AbortSignal,
): Promise<string> {
  const release = join(workspace.releases, name);
  await withReleaseLock(workspace, name, signal, async () => {
    if (await isSame(release, packaged)) return;
    const next = scratchPath(workspace, "release");
    await mkdir(next, { recursive: true });
    for (const { path } of packaged.record.outputs) {
      // Small files are copied: users edit them, and an edit of a hard link would change the store.
      const put = isLarge(path) ? linkOrCopy : copyWithFolders;
      await put(join(packaged.folder, path), join(next, path));
    }
    await syncFolder(next);
    await removeOldRelease(workspace, release);
    await rename(next, release);
    await syncFolder(workspace.releases);
  });
  return release;
}

/** Removes the release of variants that no longer pass; its files stay in the store. Returns whether there was one. */
export async function withdrawRelease(workspace: Workspace, name: string, signal: AbortSignal): Promise<boolean> {
  const release = join(workspace.releases, name);
  const existed = (await stat(release).catch(() => undefined)) !== undefined;
  await withReleaseLock(workspace, name, signal, () => removeOldRelease(workspace, release));
  return existed;
}

function withReleaseLock(workspace: Workspace, name: string, signal: AbortSignal, work: () => Promise<void>) {
  return withLock(lockPath(workspace, `release-${name}`), { signal }, work);
}

/** Removes the old release. Errors: QS-RELEASE-FOREIGN for a folder without a release.json, which is left alone. */
async function removeOldRelease(workspace: Workspace, release: string): Promise<void> {
  const present = await listFiles(release).catch((): string[] => []);
  if (present.length > 0 && !present.includes("release.json")) {
    throw new QuantsmithError("QS-RELEASE-FOREIGN", `cannot replace ${release}, which is not a quantsmith release`, {
      remedy: "Move the folder, or set another folder with `--out`.",
    });
  }
  const old = scratchPath(workspace, "old-release");
  try {
    await rename(release, old);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return;
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

/**
 * Whether names match, large files are hard links or copies of the stored files, and small files have the same content.
 */
async function isSame(release: string, packaged: { folder: string; record: StepRecord }): Promise<boolean> {
  const present = await listFiles(release).catch(() => []);
  const expected = packaged.record.outputs.map(({ path }) => path).sort();
  if (present.join("\n") !== expected.join("\n")) return false;
  for (const output of packaged.record.outputs) {
    const path = join(release, output.path);
    const { ino, size } = await stat(path, { bigint: true });
    if (String(ino) === output.inode) continue;
    if (Number(size) !== output.bytes || (await sha256File(path)) !== output.sha256) return false;
  }
  return true;
}

const isLarge = (path: string) => path.endsWith(".gguf");

async function copyWithFolders(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
