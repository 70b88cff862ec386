import { randomBytes } from "node:crypto";
import { constants, copyFile, mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { RunReport } from "../../report/run-report.js";
import { isSystemError, QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { listFiles, makeFolder, syncFolder } from "../../util/files.js";
import { checkRelease, readChecksums } from "./check-release.js";

export type PublishTarget = { kind: "dir"; path: string } | { kind: "hub"; repo: string };

/** Reads `--to`. Errors: QS-PUBLISH-TARGET. */
export function parseTarget(text: string): PublishTarget {
  if (text.startsWith("dir:") && text.length > 4) return { kind: "dir", path: resolve(text.slice(4)) };
  if (text.startsWith("hf:") && text.length > 3) return { kind: "hub", repo: text.slice(3) };
  throw new QuantsmithError("QS-PUBLISH-TARGET", `"${text}" is no place to publish to`, {
    remedy: "Write dir:<path>, such as dir:/srv/models/my-model.",
  });
}

/** The target of a recipe, refused before any work is done if this version cannot publish there. */
export function requireTarget(target: PublishTarget | undefined, at?: SourceLocation): PublishTarget {
  const place = at === undefined ? {} : { at };
  if (target === undefined) {
    throw new QuantsmithError("QS-PUBLISH-TARGET", "the recipe does not say where to publish", {
      remedy: "Add `publish: { repo: dir:./folder }` to the recipe.",
      ...place,
    });
  }
  if (target.kind === "hub") {
    throw new QuantsmithError("QS-NOT-YET", "this version of quantsmith cannot publish to the Hub yet", {
      remedy: "Publish to a folder with dir:<path> and upload that.",
      ...place,
    });
  }
  return target;
}

/**
 * Publishes a release folder. A folder target is replaced as a whole; only a former release is replaced.
 * Returns the target's path and the release's report. Errors: QS-PUBLISH-RELEASE, QS-PUBLISH-TARGET, QS-NOT-YET.
 */
export async function publishTo(
  release: string,
  target: PublishTarget,
  signal: AbortSignal,
): Promise<{ path: string; report: RunReport }> {
  const wanted = requireTarget(target);
  if (wanted.kind !== "dir") throw new Error("unreachable: requireTarget refuses the Hub");
  const report = await checkRelease(release);
  // Through links, so that what a link leads to is replaced and not the link.
  const path = await realpath(wanted.path).catch(() => wanted.path);
  await requireApart(await realpath(release), path);
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
  return { path, report };
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
async function requireApart(release: string, target: string): Promise<void> {
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
  const foreign = files.find((file) => !listed.has(file) && file !== "SHA256SUMS" && file !== "release.json");
  if (foreign === undefined && files.includes("release.json")) return;
  throw new QuantsmithError(
    "QS-PUBLISH-TARGET",
    `${path} holds more than a former release: ${foreign ?? "no release.json"}`,
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
