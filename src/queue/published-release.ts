import { lstat, realpath, rmdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { keyPlan } from "../engine/step-keys.js";
import { hubConnectionToWrite } from "../hub/connection.js";
import { findPullRequest } from "../hub/upload/pull-requests.js";
import type { Plan } from "../plan/plan.js";
import { checksumsFile } from "../release/checksums.js";
import { signatureFile } from "../release/sign/statement.js";
import { hubSource } from "../release/verify/hub-source.js";
import { maxTextBytes } from "../release/verify/release-source.js";
import { verifyFolder } from "../release/verify/verify-folder.js";
import { verifyRemote } from "../release/verify/verify-remote.js";
import type { Publication } from "../stages/publish/publish.js";
import type { PublishTarget } from "../stages/publish/target.js";
import { canonicalJson, type Json } from "../util/canonical-json.js";
import { isMissing, isNoFile, isSystemError, QuantsmithError } from "../util/errors.js";
import { isPresent, listFiles } from "../util/files.js";
import { mountPoints } from "../util/mount-points.js";
import { areNested } from "../util/nested-folders.js";
import { createProbe } from "../util/probe-folder.js";
import { readRegular } from "../util/regular-file.js";
import { sha256 } from "../util/sha256.js";
import type { PublishedRelease } from "./queue-status.js";

/** What a run will publish: the planned key of the package step and the sha256 of the target with its settings. */
export type Intended = Pick<PublishedRelease, "key" | "target">;

/** Returns what a plan will publish; undefined without a target or if the plan builds no release. */
export function intended(plan: Plan, target: PublishTarget | undefined): Intended | undefined {
  const key = keyPlan(plan).get("package")?.key;
  if (target === undefined || key === undefined) return undefined;
  // What allows a publication changes nothing of it.
  const settings = target.kind === "hub" ? { ...target, private: target.private === true } : target;
  return { key, target: sha256(canonicalJson(settings as unknown as Json)) };
}

/** Describes a release that was just published from the folder `release`. */
export async function describePublished(
  intent: Intended,
  release: string,
  { dir, hub, checksums: onHub }: Publication,
  steps: readonly string[],
): Promise<PublishedRelease> {
  const place =
    hub === undefined
      ? { path: dir?.path ?? "" }
      : {
          ...{ repo: hub.repo, commit: hub.commit ?? "main" },
          ...(hub.pullRequest !== null && { pullRequest: hub.pullRequest }),
        };
  const installed = await checksumsOf(release);
  const checksums = dir === undefined ? onHub : await checksumsOf(dir.path);
  if (installed === undefined || checksums === undefined) throw new Error(`${release} lacks ${checksumsFile}`);
  return { ...intent, place, checksums, installed, steps: [...steps], isDropped: false };
}

/**
 * Verifies that a published release is at its target as it was published, and is a copy of `release`, the local one: a folder
 * at its own path that is not the local one, without links. Errors: QS-HUB-*, the reason of `signal`.
 */
export async function isAtTarget(
  { place, checksums }: PublishedRelease,
  release: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if ("path" in place) {
      if ((await checksumsOf(place.path)) !== checksums || !(await isCopy(place.path, release))) return false;
      return (await verifyFolder(place.path, signal)).ok;
    }
    const target = { repo: place.repo, revision: await revisionOf(place, signal) };
    const expected = new Map([[checksumsFile, checksums]]);
    return (await verifyRemote(hubConnectionToWrite(), { ...target, expected }, signal)).ok;
  } catch (error) {
    signal.throwIfAborted();
    // A folder that cannot be read, as on a network disk that is gone.
    if (isSystemError(error)) return false;
    if (
      error instanceof QuantsmithError &&
      ["QS-HUB-MISSING", "QS-HUB-REVISION", "QS-VERIFY-TARGET"].includes(error.code)
    )
      return false;
    throw error;
  }
}

type HubPlace = Extract<PublishedRelease["place"], { repo: string }>;

/**
 * Returns the pull request of a release while it is open, otherwise main: of a commit that main does not lead to, as of a closed
 * pull request, the Hub may drop the files. Errors: QS-HUB-*.
 */
async function revisionOf({ repo, pullRequest }: HubPlace, signal: AbortSignal): Promise<string> {
  const number = Number(/\/discussions\/(\d+)$/.exec(pullRequest ?? "")?.[1]);
  if (!Number.isInteger(number)) return "main";
  const open = await findPullRequest(hubConnectionToWrite(), repo, (one) => one.number === number, signal);
  return open === undefined ? "main" : `refs/pr/${number}`;
}

/**
 * Whether a local release has a signature that its target does not: one that the user made, which cannot be made again.
 * Errors: QS-HUB-*.
 */
export async function hasOwnSignature(
  { place }: PublishedRelease,
  release: string,
  signal: AbortSignal,
): Promise<boolean> {
  const own = await signatureOf(release);
  if (own === undefined) return false;
  if ("path" in place) return (await signatureOf(place.path)) !== own;
  const revision = await revisionOf(place, signal);
  const source = await hubSource(hubConnectionToWrite(), { repo: place.repo, revision }, signal);
  const { files } = await source.files();
  return !files.some(({ path }) => path === signatureFile) || (await source.text(signatureFile)) !== own;
}

async function signatureOf(folder: string): Promise<string | undefined> {
  try {
    return String(await readRegular(join(folder, signatureFile), maxTextBytes));
  } catch (error) {
    if (isMissing(error)) return undefined;
    // Whatever is there, the release stays.
    return "";
  }
}

/** Whether removing the local release leaves the one at the target whole. */
async function isCopy(target: string, release: string): Promise<boolean> {
  const found = await stat(target);
  const own = await stat(release).catch(() => undefined);
  if ((await realpath(target)) !== target || (own?.dev === found.dev && own.ino === found.ino)) return false;
  const local = await realpath(release).catch(() => release);
  if (areNested(target, local)) return false;
  // What is mounted there can be a view of the local release.
  if ((await mountPoints(target)).length > 0) return false;
  for (const path of await listFiles(target)) if (!(await lstat(join(target, path))).isFile()) return false;
  return true;
}

/**
 * Whether a target shows the local release itself at another path, as an overlay or a network disk of this machine does, whose
 * device numbers differ: what is created in one appears in the other. Also true if that cannot be found out.
 */
export async function showsRelease(target: string, release: string): Promise<boolean> {
  try {
    const probe = await createProbe(release, "probe");
    return await isPresent(join(target, basename(probe))).finally(() => rmdir(probe));
  } catch {
    return isPresent(release);
  }
}

/** Returns the sha256 of a release folder's SHA256SUMS; undefined if it is missing, or cannot be one. */
export async function checksumsOf(release: string): Promise<string | undefined> {
  try {
    return sha256(await readRegular(join(release, checksumsFile), maxTextBytes));
  } catch (error) {
    if (error instanceof RangeError || isNoFile(error)) return undefined;
    throw error;
  }
}
