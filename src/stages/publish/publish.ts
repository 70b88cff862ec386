import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { RunReport } from "../../report/run-report.js";
import { isSystemError, QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { linkOrCopy, listFiles, syncFolder } from "../../util/files.js";
import { checkRelease } from "./check-release.js";

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
 * Returns the target's path. Errors: QS-PUBLISH-RELEASE, QS-PUBLISH-TARGET, QS-NOT-YET.
 */
export async function publishTo(release: string, target: PublishTarget, signal: AbortSignal): Promise<string> {
  const wanted = requireTarget(target);
  if (wanted.kind !== "dir") throw new Error("unreachable: requireTarget refuses the Hub");
  const report: RunReport = await checkRelease(release);
  const { path } = wanted;
  await requireReplaceable(path);
  const next = `${path}.next-${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(next, { recursive: true });
    for (const file of await listFiles(release)) {
      signal.throwIfAborted();
      const put = report.variants.some((variant) => variant.file === file) ? linkOrCopy : copyFile;
      await mkdir(dirname(join(next, file)), { recursive: true });
      await put(join(release, file), join(next, file));
    }
    await syncFolder(next);
    const old = `${path}.old-${randomBytes(4).toString("hex")}`;
    if (await exists(path)) await rename(path, old);
    await rename(next, path);
    await rm(old, { recursive: true, force: true });
    await syncFolder(dirname(path));
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

/** Someone's other folder is never replaced: it must not exist, be empty, or hold a release. */
async function requireReplaceable(path: string): Promise<void> {
  if (!(await exists(path))) return;
  const files = await listFiles(path).catch(() => ["not a folder"]);
  if (files.length === 0) return;
  const report = await readFile(join(path, "release.json"), "utf8").catch(() => "");
  if (report.includes('"variants"')) return;
  throw new QuantsmithError("QS-PUBLISH-TARGET", `${path} exists and is not a release of quantsmith`, {
    remedy: "Give a new folder or an empty one; only a former release is replaced.",
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
