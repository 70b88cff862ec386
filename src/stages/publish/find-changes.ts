import { parseDigest } from "../../hub/digest.js";
import { hashFile } from "../../hub/hash-file.js";
import type { HubFile } from "../../hub/hub-file.js";
import type { LocalFile } from "../../hub/upload/local-file.js";
import { signatureFile } from "../../release/sign/statement.js";
import type { RemoteRelease } from "./remote-release.js";

/** Changes that make a revision contain a release. */
export interface Changes {
  add: LocalFile[];
  update: LocalFile[];
  /** Files of an earlier release that are not in this one. */
  remove: string[];
}

/** Files of every release that SHA256SUMS does not list. */
const always = ["SHA256SUMS", "release.json"];

/**
 * Compares a release with the files of a revision. Keeps foreign files, and files of the previous release whose sha256
 * on the Hub differs from its SHA256SUMS. Removes the previous release's signature together with other changes.
 */
export async function findChanges(
  files: readonly LocalFile[],
  { files: remote, listed }: RemoteRelease,
  signal: AbortSignal,
): Promise<Changes> {
  const changes: Changes = { add: [], update: [], remove: [] };
  for (const file of files) {
    const remoteFile = remote.get(file.path);
    if (remoteFile === undefined) changes.add.push(file);
    else if (!(await isSame(file, remoteFile, signal))) changes.update.push(file);
  }
  const ours = new Set(files.map(({ path }) => path));
  const former = listed.size === 0 ? [] : [...listed.keys(), ...always];
  for (const path of former) {
    const remoteFile = remote.get(path);
    if (remoteFile === undefined || ours.has(path)) continue;
    const changedByOthers =
      remoteFile.digest.startsWith("sha256:") && listed.has(path) && remoteFile.digest !== `sha256:${listed.get(path)}`;
    if (!changedByOthers) changes.remove.push(path);
  }
  const isStale = remote.has(signatureFile) && !ours.has(signatureFile) && listed.size > 0;
  if (isStale && !isEmpty(changes)) changes.remove.push(signatureFile);
  changes.remove.sort();
  return changes;
}

export function isEmpty({ add, update, remove }: Changes): boolean {
  return add.length + update.length + remove.length === 0;
}

/** Compares by sha256 for large files, and by git's blob id for the others. */
async function isSame(file: LocalFile, remoteFile: HubFile, signal: AbortSignal): Promise<boolean> {
  if (file.bytes !== remoteFile.bytes) return false;
  const digest = parseDigest(remoteFile.digest, remoteFile.bytes);
  if (digest.algorithm === "sha256") return digest.hex === file.sha256;
  return (await hashFile(file.source, file.bytes, digest, signal)) === digest.hex;
}
