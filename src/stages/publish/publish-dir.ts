import { randomBytes } from "node:crypto";
import { constants, copyFile, mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { filesWithoutChecksum } from "../../release/verify/check-files.js";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { listFiles, makeFolder, syncFolder } from "../../util/files.js";
import { readChecksums } from "./check-release.js";

/**
 * Copies a verified release to a folder, replacing only a previous release, as a whole. Returns the folder's real path.
 * Errors: QS-PUBLISH-TARGET.
 */
export async function publishToFolder(release: string, target: string, signal: AbortSignal): Promise<string> {
  // Replaces the target of a link, not the link.
  const path = await realpath(target).catch(() => target);
  await requireSeparate(await realpath(release), path);
  await requireReplaceable(path);
  const suffix = randomBytes(4).toString("hex");
  const next = `${path}.next-${suffix}`;
  try {
    await copyRelease(release, next, signal);
    await swap(path, next, `${path}.old-${suffix}`);
  } catch (error) {
    await rm(next, { recursive: true, force: true }).catch(() => undefined);
    if (!isSystemError(error)) throw error;
    throw new QuantsmithError("QS-PUBLISH-TARGET", `${path} cannot be written (${error.code})`, {
      remedy: "Check the path, its permissions and the free disk space.",
      cause: error,
    });
  }
  return path;
}

async function copyRelease(release: string, to: string, signal: AbortSignal): Promise<void> {
  await makeFolder(to);
  for (const file of await listFiles(release)) {
    signal.throwIfAborted();
    await mkdir(dirname(join(to, file)), { recursive: true });
    // Not a hard link, since an edit of a published file must not change the store.
    await copyFile(join(release, file), join(to, file), constants.COPYFILE_FICLONE);
  }
  await syncFolder(to);
}

/** Replaces the old folder by the new one; restores the old one on failure. */
async function swap(path: string, next: string, old: string): Promise<void> {
  const existed = await exists(path);
  if (existed) await rename(path, old);
  try {
    await rename(next, path);
  } catch (error) {
    if (existed) await rename(old, path);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
  await syncFolder(dirname(path));
}

/** Throws QS-PUBLISH-TARGET if the target contains the release or vice versa, since publishing would destroy one. */
async function requireSeparate(release: string, target: string): Promise<void> {
  const inside = (inner: string, outer: string) => `${inner}/`.startsWith(`${outer}/`);
  if (!inside(release, target) && !inside(target, release)) return;
  throw new QuantsmithError(
    "QS-PUBLISH-TARGET",
    `the target ${target} and the release ${release} are the same folder, or one contains the other`,
    {
      remedy: "Use a folder outside the release.",
    },
  );
}

/** Throws QS-PUBLISH-TARGET unless the folder is missing, empty, or contains only a release. */
async function requireReplaceable(path: string): Promise<void> {
  if (!(await exists(path))) return;
  const files = await listFiles(path).catch(() => ["not a folder"]);
  if (files.length === 0) return;
  const listed = await readChecksums(path).catch(() => new Map<string, string>());
  const unrelated = files.find((file) => !listed.has(file) && !filesWithoutChecksum.includes(file));
  if (unrelated === undefined && files.includes("release.json")) return;
  throw new QuantsmithError(
    "QS-PUBLISH-TARGET",
    unrelated === undefined
      ? `${path} is not empty and does not contain a release: release.json is missing`
      : `${path} contains a file that is not part of a release: ${unrelated}`,
    {
      remedy: "Use a new or empty folder, or one that contains only a previous release.",
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
