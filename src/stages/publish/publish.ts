import { join } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import type { RunReport } from "../../release/release-report.js";
import { requireIdentity } from "../../release/sign/sign-files.js";
import { signatureFile } from "../../release/sign/statement.js";
import { verifyRemote } from "../../release/verify/verify-remote.js";
import type { VerifyReport } from "../../release/verify/verify-report.js";
import { removeUnfinishedWrites } from "../../util/files.js";
import type { HubPublication } from "./hub-options.js";
import type { PublishHooks, PublishOperation } from "./operations.js";
import { type FolderPublication, previewFolder, publishToFolder } from "./publish-dir.js";
import { previewHub, publishToHub, requireAccess } from "./publish-hub.js";
import { type CheckedRelease, releaseFiles } from "./release-files.js";
import { planSigning, signRelease } from "./sign-release.js";
import type { PublishTarget } from "./target.js";

export interface Publication {
  report: RunReport;
  /** The folder's path or the repository's page. */
  place: string;
  /** For a target folder. */
  dir?: FolderPublication;
  /** For a target on the Hub. */
  hub?: HubPublication;
  /** Result of the verification on the Hub after publishing. */
  verified?: VerifyReport;
}

/** Requires the token and signing identity of a target. Errors: QS-PUBLISH-TOKEN, QS-SIGN-IDENTITY, QS-HUB-*. */
export function requireReachable(target: PublishTarget): void {
  if (target.kind === "hub") requireAccess(hubConnection(), target.repo);
  if (target.sign === true) requireIdentity();
}

/**
 * Verifies and publishes a release folder in which every variant passed.
 * Errors: QS-PUBLISH-*, QS-SIGN-*, QS-HUB-*, QS-INPUT-CHANGED.
 */
export async function publishTo(release: string, target: PublishTarget, hooks: PublishHooks): Promise<Publication> {
  requireReachable(target);
  // Of a publish that was killed while it signed. A folder that cannot be read fails below.
  await removeUnfinishedWrites(join(release, signatureFile)).catch(() => undefined);
  const found = await readRelease(release, target, hooks.signal);
  if (target.kind === "dir") {
    const needed = target.sign === true && !found.isSigned;
    const checked = needed ? await signAsPlanned(found, hooks) : found;
    const dir = withSigning(await publishToFolder(checked, target, hooks), needed);
    return { report: checked.report, place: dir.path, dir };
  }
  const connection = hubConnection();
  const signing = await planSigning(connection, found, target, hooks.signal);
  const checked = signing.needed ? await signAsPlanned(signing.release, hooks) : signing.release;
  const hub = withSigning(await publishToHub(connection, checked, target, hooks), signing.needed);
  const place = { repo: target.repo, revision: hub.commit ?? "main" };
  const verified = await verifyRemote(connection, { ...place, expected: expectedOf(checked, hub) }, hooks.signal);
  return { report: checked.report, place: hub.pullRequest ?? hub.url, hub, verified };
}

/** Returns the operations of `publishTo` without executing them. Errors: as `publishTo`. */
export async function previewPublish(
  release: string,
  target: PublishTarget,
  signal: AbortSignal,
): Promise<Publication> {
  requireReachable(target);
  const found = await readRelease(release, target, signal);
  if (target.kind === "dir") {
    const dir = await previewFolder(found, target, signal);
    const needed = target.sign === true && !found.isSigned;
    return { report: found.report, place: dir.path, dir: withSigning(dir, needed) };
  }
  const connection = hubConnection();
  const signing = await planSigning(connection, found, target, signal);
  const hub = withSigning(await previewHub(connection, signing.release, target, signal), signing.needed);
  return { report: signing.release.report, place: hub.url, hub };
}

async function readRelease(folder: string, target: PublishTarget, signal: AbortSignal): Promise<CheckedRelease> {
  const release = await releaseFiles(folder, signal);
  return target.removeOld === true ? { ...release, removes: () => true } : release;
}

const signOperation: PublishOperation = { operation: "sign", path: signatureFile };

function signAsPlanned(release: CheckedRelease, { onPlan, signal }: PublishHooks): Promise<CheckedRelease> {
  onPlan?.([signOperation]);
  return signRelease(release, signal);
}

function withSigning<T extends { operations: PublishOperation[] }>(done: T, needed: boolean): T {
  return needed ? { ...done, operations: [signOperation, ...done.operations] } : done;
}

/** Returns the expected digests on the Hub. A rerun that changed only its times keeps the previous `release.json`. */
function expectedOf({ files }: CheckedRelease, { operations }: HubPublication): Map<string, string> {
  const changed = operations.some(({ operation }) => operation === "commit" || operation === "open-pull-request");
  return new Map(
    files.filter(({ path }) => changed || path !== "release.json").map(({ path, sha256 }) => [path, sha256]),
  );
}
