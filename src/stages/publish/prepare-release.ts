import { join } from "node:path";
import { signatureFile } from "../../release/sign/statement.js";
import { addHistory } from "./add-history.js";
import type { PublishedFiles } from "./find-changes.js";
import type { PublishHooks, PublishOperation } from "./operations.js";
import type { CheckedRelease, ReleaseFile } from "./release-files.js";
import type { ReleaseOptions } from "./release-options.js";
import { planSigning, signRelease } from "./sign-release.js";

/** A release with everything that depends on the target, except a new signature. */
export interface PreparedRelease {
  release: CheckedRelease;
  needsSignature: boolean;
  /** True if a signature of somebody else is replaced. */
  replacesSignature: boolean;
  /** See `Signing`. */
  keptAs?: string;
  /** Operations before those on files. */
  operations: PublishOperation[];
}

/** Where a release may be already. */
export interface ReleasePlaces {
  /** The target before the publication. */
  previous: PublishedFiles;
  /** An open pull request for the release. */
  proposed?: PublishedFiles;
}

/**
 * Adds the history at the target to a verified release and decides on its signature. Writes only to `scratch`.
 * Errors: QS-PUBLISH-HISTORY, QS-PUBLISH-FOREIGN, QS-SIGN-IDENTITY, QS-SIGN-ROOT, QS-HUB-*.
 */
export async function prepareRelease(
  found: CheckedRelease,
  { previous, proposed }: ReleasePlaces,
  options: ReleaseOptions,
  scratch: string,
  signal: AbortSignal,
): Promise<PreparedRelease> {
  const wanted = options.removeOld === true ? { ...found, removes: () => true } : found;
  const complete = await addHistory(wanted, previous, scratch);
  const places = proposed === undefined ? [previous] : [previous, proposed];
  const { release, needed, replaces, keptAs } = await planSigning(complete, places, options, signal);
  const loses = found.isSigned && !complete.isSigned && options.sign !== true;
  const operation = needed ? ("sign" as const) : ("leave-out" as const);
  const operations: PublishOperation[] = needed || loses ? [{ operation, path: signatureFile }] : [];
  if (keptAs !== undefined)
    operations.unshift({ operation: "rename", path: join(found.folder, signatureFile), to: keptAs });
  const kept = keptAs === undefined ? {} : { keptAs };
  return { release, needsSignature: needed, replacesSignature: replaces, ...kept, operations };
}

/** Returns the operations on a prepared release and its files; none if no file changes. */
export function allOperations(prepared: PreparedRelease, onFiles: readonly PublishOperation[]): PublishOperation[] {
  return prepared.needsSignature || onFiles.length > 0 ? [...prepared.operations, ...onFiles] : [];
}

/**
 * Signs a prepared release if needed, and lists that operation first. Before, `check` gets the release with a placeholder of the
 * signature, and throws if it cannot be published: each signature is a public record. Errors: QS-SIGN-*, those of `check`.
 */
export async function signPrepared(
  { release, needsSignature, keptAs, operations }: PreparedRelease,
  { onPlan, signal }: Pick<PublishHooks, "onPlan" | "signal">,
  check: (release: CheckedRelease) => Promise<unknown>,
): Promise<CheckedRelease> {
  if (!needsSignature) return release;
  await check({ ...release, files: [...release.files, futureSignature(release)] });
  onPlan?.(operations);
  return signRelease(release, signal, keptAs);
}

/** Differs from any file. */
function futureSignature({ folder }: CheckedRelease): ReleaseFile {
  const state = { bytes: -1, mtime: "", ctime: "", inode: "" };
  return { path: signatureFile, source: join(folder, signatureFile), bytes: -1, sha256: "", state };
}
