import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { keyPlan } from "../engine/step-keys.js";
import { hubConnection } from "../hub/connection.js";
import type { Plan } from "../plan/plan.js";
import { checksumsFile } from "../release/checksums.js";
import { verifyFolder } from "../release/verify/verify-folder.js";
import { verifyRemote } from "../release/verify/verify-remote.js";
import type { Publication } from "../stages/publish/publish.js";
import type { PublishTarget } from "../stages/publish/target.js";
import { canonicalJson, type Json } from "../util/canonical-json.js";
import { isMissing, QuantsmithError } from "../util/errors.js";
import { sha256 } from "../util/sha256.js";
import type { PublishedRelease } from "./queue-status.js";

/** What a run will publish: the planned key of the package step and the sha256 of the target with its settings. */
export type Intended = Pick<PublishedRelease, "key" | "target">;

/** Returns what a plan will publish; undefined without a target or if the plan builds no release. */
export function intended(plan: Plan, target: PublishTarget | undefined): Intended | undefined {
  const key = keyPlan(plan).get("package")?.key;
  if (target === undefined || key === undefined) return undefined;
  return { key, target: sha256(canonicalJson(target as unknown as Json)) };
}

/** Describes a release that was just published from the folder `release`. */
export async function describePublished(
  intent: Intended,
  release: string,
  { dir, hub }: Publication,
  steps: readonly string[],
): Promise<PublishedRelease> {
  const place = hub === undefined ? { path: dir?.path ?? "" } : { repo: hub.repo, commit: hub.commit ?? "main" };
  const checksums = await checksumsOf(release);
  if (checksums === undefined) throw new Error(`${release} lacks ${checksumsFile}`);
  return { ...intent, place, checksums, steps: [...steps], isDropped: false };
}

/** Verifies that a published release is at its target as it was published. Errors: QS-HUB-*, the reason of `signal`. */
export async function isAtTarget({ place, checksums }: PublishedRelease, signal: AbortSignal): Promise<boolean> {
  try {
    if ("path" in place) {
      return (await checksumsOf(place.path)) === checksums && (await verifyFolder(place.path, signal)).ok;
    }
    const { repo, commit: revision } = place;
    const expected = new Map([[checksumsFile, checksums]]);
    return (await verifyRemote(hubConnection(), { repo, revision, expected }, signal)).ok;
  } catch (error) {
    if (
      error instanceof QuantsmithError &&
      ["QS-HUB-MISSING", "QS-HUB-REVISION", "QS-VERIFY-TARGET"].includes(error.code)
    )
      return false;
    throw error;
  }
}

/** Returns the sha256 of a release folder's SHA256SUMS; undefined if it is missing. */
export async function checksumsOf(release: string): Promise<string | undefined> {
  try {
    return sha256(await readFile(join(release, checksumsFile)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
