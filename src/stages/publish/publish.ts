import { hubConnection } from "../../hub/connection.js";
import type { UploadHooks } from "../../hub/upload/upload-objects.js";
import type { RunReport } from "../../release/release-report.js";
import { requireIdentity } from "../../release/sign/sign-files.js";
import { signatureFile } from "../../release/sign/statement.js";
import { verifyRemote } from "../../release/verify/verify-remote.js";
import type { VerifyReport } from "../../release/verify/verify-report.js";
import { checkRelease } from "./check-release.js";
import type { HubPublication } from "./hub-options.js";
import { publishToFolder } from "./publish-dir.js";
import { previewHub, publishToHub, requireAccess } from "./publish-hub.js";
import { type CheckedRelease, releaseFiles } from "./release-files.js";
import { planSigning, type Signing, signRelease } from "./sign-release.js";
import type { PublishTarget } from "./target.js";

export interface Publication {
  report: RunReport;
  /** The folder's path or the repository's page. */
  place: string;
  /** Operations on the Hub, for a target there. */
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
export async function publishTo(release: string, target: PublishTarget, hooks: UploadHooks): Promise<Publication> {
  requireReachable(target);
  if (target.kind === "dir") {
    const found = await releaseFiles(release, hooks.signal);
    const { report } = target.sign === true ? await signRelease(found) : found;
    return { report, place: await publishToFolder(release, target.path, hooks.signal) };
  }
  const found = await releaseFiles(release, hooks.signal);
  const connection = hubConnection();
  const signing = await planSigning(connection, found, target, hooks.signal);
  const checked = signing.needed ? await signRelease(signing.release) : signing.release;
  const hub = withSigning(await publishToHub(connection, checked, target, hooks), signing);
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
  if (target.kind === "dir") return { report: (await checkRelease(release, signal)).report, place: target.path };
  const connection = hubConnection();
  const signing = await planSigning(connection, await releaseFiles(release, signal), target, signal);
  const hub = withSigning(await previewHub(connection, signing.release, target, signal), signing);
  return { report: signing.release.report, place: hub.url, hub };
}

function withSigning(hub: HubPublication, { needed }: Signing): HubPublication {
  if (!needed) return hub;
  return { ...hub, operations: [{ operation: "sign", path: signatureFile }, ...hub.operations] };
}

/** Returns the expected digests on the Hub. A rerun that changed only its times keeps the previous `release.json`. */
function expectedOf({ files }: CheckedRelease, { operations }: HubPublication): Map<string, string> {
  const changed = operations.some(({ operation }) => operation === "commit" || operation === "open-pull-request");
  return new Map(
    files.filter(({ path }) => changed || path !== "release.json").map(({ path, sha256 }) => [path, sha256]),
  );
}
