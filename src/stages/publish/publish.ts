import { join } from "node:path";
import { type HubConnection, hubConnectionToWrite } from "../../hub/connection.js";
import type { LocalFile } from "../../hub/upload/local-file.js";
import { checksumsFile } from "../../release/checksums.js";
import type { RunReport } from "../../release/release-report.js";
import { restrictedInputs } from "../../release/restricted-inputs.js";
import { requireIdentity } from "../../release/sign/sign-files.js";
import { signatureFile } from "../../release/sign/statement.js";
import { verifyRemote } from "../../release/verify/verify-remote.js";
import type { VerifyReport } from "../../release/verify/verify-report.js";
import { removeUnfinishedWrites } from "../../util/files.js";
import type { HubPublication, HubPublishOptions } from "./hub-options.js";
import type { PublishHooks } from "./operations.js";
import { type FolderPublication, previewFolder, publishToFolder } from "./publish-dir.js";
import { previewHub, publishToHub, requireAccess } from "./publish-hub.js";
import { type CheckedRelease, releaseFiles } from "./release-files.js";
import { requireAllowedAt } from "./require-allowed.js";
import { requireBuiltFor } from "./require-built-for.js";
import type { PublishTarget } from "./target.js";

export interface Publication {
  report: RunReport;
  /** The folder's path or the repository's page. */
  place: string;
  /** For a target folder. */
  dir?: FolderPublication;
  /** For a target on the Hub. */
  hub?: HubPublication;
  /** On the Hub: sha256 of the published SHA256SUMS. */
  checksums?: string;
  /** Result of the verification on the Hub after publishing. */
  verified?: VerifyReport;
}

/** Requires the token and signing identity of a target. Errors: QS-PUBLISH-TOKEN, QS-SIGN-IDENTITY, QS-HUB-*. */
export function requireReachable(target: PublishTarget): void {
  if (target.kind === "hub") requireAccess(hubConnectionToWrite(), target.repo);
  if (target.sign === true) requireIdentity();
}

/**
 * Requires, before a release is built, that its target will not show a model to more people than its source.
 * Errors: QS-PUBLISH-PUBLIC, QS-PUBLISH-OPEN, QS-HUB-*.
 */
export async function requireTargetAllowed(target: PublishTarget, lock: unknown, signal: AbortSignal): Promise<void> {
  if (target.kind === "hub") await requireAllowedAt(hubConnectionToWrite(), restrictedInputs(lock), target, signal);
}

/**
 * Verifies and publishes a release folder in which every variant passed.
 * Errors: QS-PUBLISH-*, QS-SIGN-*, QS-HUB-*, QS-INPUT-CHANGED.
 */
export async function publishTo(release: string, target: PublishTarget, hooks: PublishHooks): Promise<Publication> {
  requireReachable(target);
  // Of a publish that was killed while it signed. A folder that cannot be read fails below.
  await removeUnfinishedWrites(join(release, signatureFile)).catch(() => undefined);
  const found = await releaseFiles(release, hooks.signal);
  const { report } = found;
  if (target.kind === "hub") await requireBuiltFor(found, target.repo);
  hooks.onRelease?.(report);
  if (target.kind === "dir") {
    const dir = await publishToFolder(found, target, hooks);
    return { report, place: dir.path, dir };
  }
  return publishOnHub(hubConnectionToWrite(), found, withLimits(target, found), hooks);
}

/** Adds the limits of readers that the recipe of a release had, where the options say nothing of them. */
function withLimits(options: HubPublishOptions, { inputs }: CheckedRelease): HubPublishOptions {
  return { ...inputs?.limits, ...options };
}

/** Publishes a verified release to the Hub, and verifies it there. Errors: as `publishToHub`. */
export async function publishOnHub(
  connection: HubConnection,
  found: CheckedRelease,
  options: HubPublishOptions,
  hooks: PublishHooks,
): Promise<Publication> {
  const { hub, files } = await publishToHub(connection, found, options, hooks);
  const place = { repo: options.repo, revision: hub.commit ?? "main" };
  const verified = await verifyRemote(connection, { ...place, expected: expectedOf(files, hub) }, hooks.signal);
  const checksums = files.find(({ path }) => path === checksumsFile)?.sha256;
  return { report: found.report, place: hub.pullRequest ?? hub.url, hub, verified, ...(checksums && { checksums }) };
}

/** Returns the operations of `publishTo` without executing them. Errors: as `publishTo`. */
export async function previewPublish(
  release: string,
  target: PublishTarget,
  signal: AbortSignal,
): Promise<Publication> {
  requireReachable(target);
  const found = await releaseFiles(release, signal);
  const { report } = found;
  if (target.kind === "dir") {
    const dir = await previewFolder(found, target, signal);
    return { report, place: dir.path, dir };
  }
  await requireBuiltFor(found, target.repo);
  const hub = await previewHub(hubConnectionToWrite(), found, withLimits(target, found), signal);
  return { report, place: hub.pullRequest ?? hub.url, hub };
}

/** Returns the expected digests on the Hub. A rerun that changed only its times keeps the previous `release.json`. */
function expectedOf(files: readonly LocalFile[], { operations }: HubPublication): Map<string, string> {
  const changed = operations.some(({ operation }) => operation === "commit" || operation === "open-pull-request");
  return new Map(
    files.filter(({ path }) => changed || path !== "release.json").map(({ path, sha256 }) => [path, sha256]),
  );
}
