import { parseDigest } from "../../hub/digest.js";
import { hashFile } from "../../hub/hash-file.js";
import type { HubFile } from "../../hub/hub-file.js";
import type { LocalFile } from "../../hub/upload/local-file.js";
import { signatureFile } from "../../release/sign/statement.js";
import type { RemoteRelease } from "./remote-release.js";

/** What has to be done to a revision so that it holds a release. */
export interface Changes {
  add: LocalFile[];
  update: LocalFile[];
  /** What an earlier release left and this one does not have. */
  remove: string[];
}

/** Every release has these besides what its SHA256SUMS lists. */
const always = ["SHA256SUMS", "release.json"];

/**
 * Compares a release with what a revision holds. Files that no release of ours has left are nobody's business: they stay.
 * So does a listed file whose content is not what the list says any more, as far as the Hub tells its sha256. The signature
 * of a former release goes with it, and stays while nothing else changes.
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

/** The Hub tells sha256 of large files and git's own id of the others. */
async function isSame(file: LocalFile, remoteFile: HubFile, signal: AbortSignal): Promise<boolean> {
  if (file.bytes !== remoteFile.bytes) return false;
  const digest = parseDigest(remoteFile.digest, remoteFile.bytes);
  if (digest.algorithm === "sha256") return digest.hex === file.sha256;
  return (await hashFile(file.source, file.bytes, digest, signal)) === digest.hex;
}
