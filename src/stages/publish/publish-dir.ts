import { randomBytes } from "node:crypto";
import { constants, copyFile, mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unlisted } from "../../release/verify/check-files.js";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { listFiles, makeFolder, syncFolder } from "../../util/files.js";
import { readChecksums } from "./check-release.js";

/**
 * Copies a checked release to a folder, which is replaced as a whole; only a former release is replaced. Gives the folder's
 * real path. Errors: QS-PUBLISH-TARGET.
 */
export async function publishToFolder(release: string, target: string, signal: AbortSignal): Promise<string> {
  // Through links, so that what a link leads to is replaced and not the link.
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
      remedy: "Check the path, its permissions and the free space.",
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
    // Never a hard link: whoever edits a published file must not edit the store.
    await copyFile(join(release, file), join(to, file), constants.COPYFILE_FICLONE);
  }
  await syncFolder(to);
}

/** Puts the new folder in the old one's place; the old one comes back when that fails. */
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

/** A target inside the release, or around it, would destroy one of them. */
async function requireSeparate(release: string, target: string): Promise<void> {
  const inside = (inner: string, outer: string) => `${inner}/`.startsWith(`${outer}/`);
  if (!inside(release, target) && !inside(target, release)) return;
  throw new QuantsmithError("QS-PUBLISH-TARGET", `${target} and the release ${release} lie in each other`, {
    remedy: "Give a folder of its own.",
  });
}

/** Someone's other files are never replaced: the folder must not exist, be empty, or hold a release and nothing else. */
async function requireReplaceable(path: string): Promise<void> {
  if (!(await exists(path))) return;
  const files = await listFiles(path).catch(() => ["not a folder"]);
  if (files.length === 0) return;
  const listed = await readChecksums(path).catch(() => new Map<string, string>());
  const unrelated = files.find((file) => !listed.has(file) && !unlisted.includes(file));
  if (unrelated === undefined && files.includes("release.json")) return;
  throw new QuantsmithError(
    "QS-PUBLISH-TARGET",
    `${path} holds more than a former release: ${unrelated ?? "no release.json"}`,
    {
      remedy: "Give a new folder or an empty one; only a former release is replaced.",
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
