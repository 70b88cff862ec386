import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HubConnection } from "../../hub/connection.js";
import { parseDigest } from "../../hub/digest.js";
import { findCommits } from "../../hub/find-commits.js";
import { readHubFile } from "../../hub/read-file.js";
import { localFile } from "../../hub/upload/local-file.js";
import { signatureFile } from "../../release/sign/statement.js";
import { maxTextBytes } from "../../release/verify/release-source.js";
import { verifyRemote } from "../../release/verify/verify-remote.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { sha256 } from "../../util/sha256.js";
import type { CheckedRelease, ReleaseFile } from "./release-files.js";
import { type RemoteRelease, readRemote } from "./remote-release.js";

/**
 * Returns the verified release of a former commit of main: its large files by their digests in the repository's storage,
 * the small ones as copies in `scratch`. `id` has at least seven digits of the commit.
 * Errors: QS-PUBLISH-ROLLBACK without such a commit or a complete release in it, QS-HUB-*.
 */
export async function formerRelease(
  connection: HubConnection,
  repo: string,
  id: string,
  scratch: string,
  signal: AbortSignal,
): Promise<CheckedRelease> {
  const commit = await requireCommit(connection, repo, id, signal);
  const remote = await readRemote(connection, repo, commit, signal);
  if (remote.release === undefined) throw notPossible(repo, `the commit ${commit} contains no release of quantsmith`);
  const { problems } = await verifyRemote(connection, { repo, revision: commit }, signal);
  const problem = problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) {
    throw notPossible(
      repo,
      `the release of the commit ${commit} is not complete: ${problem.message} (${problem.code})`,
    );
  }
  const { report, files: own } = remote.release;
  const files: ReleaseFile[] = [];
  for (const [path, digest] of [...own].sort())
    files.push(await releaseFile(connection, remote, { path, digest }, scratch, signal));
  return {
    folder: scratch,
    report,
    files,
    isSigned: own.has(signatureFile),
    digest: sha256(files.map((file) => `${file.sha256}  ${file.path}\n`).join("")),
    title: `Roll back to ${commit.slice(0, 12)}`,
    removes: (path) => !remote.files.has(path),
    isPublished: true,
  };
}

/** A commit of someone's pull request has an address in the repository, too: only those of main count. */
async function requireCommit(
  connection: HubConnection,
  repo: string,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  if (!/^[0-9a-f]{7,40}$/.test(id)) throw notPossible(repo, `${quote(id)} is not a commit id`);
  const [commit, other] = await findCommits(connection, { repo, revision: "main", id }, signal);
  if (commit === undefined) throw notPossible(repo, `main has no commit ${id}`);
  // The first digits are quickly found again by anyone whose commit is merged.
  if (other !== undefined) throw notPossible(repo, `several commits of main start with ${id}`);
  return commit;
}

async function releaseFile(
  connection: HubConnection,
  { repo, commit, files }: RemoteRelease,
  { path, digest }: { path: string; digest: string },
  scratch: string,
  signal: AbortSignal,
): Promise<ReleaseFile> {
  const file = files.get(path);
  if (file === undefined) throw new Error(`${path} was verified`);
  if (parseDigest(file.digest, file.bytes).algorithm === "sha256") {
    const state = { bytes: file.bytes, mtime: "", ctime: "", inode: "" };
    return { path, source: "", bytes: file.bytes, sha256: digest, state, isStored: true };
  }
  // By digest, since a path in a repository need not be one on this system.
  const source = join(scratch, digest);
  await writeFile(source, await readHubFile(connection, { repo, commit, file, maxBytes: maxTextBytes }, signal));
  return localFile(path, source, digest);
}

function notPossible(repo: string, reason: string): QuantsmithError {
  return new QuantsmithError("QS-PUBLISH-ROLLBACK", `${repo} cannot be rolled back: ${reason}`, {
    remedy: "Use a commit of main with a release, from the repository's list of commits or its `history.json`.",
  });
}
