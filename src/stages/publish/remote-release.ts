import type { HubConnection } from "../../hub/connection.js";
import type { HubFile } from "../../hub/hub-file.js";
import { listCommit, resolveCommit } from "../../hub/list-commit.js";
import { readHubFile } from "../../hub/read-file.js";
import { checksumsFile, parseChecksums } from "../../release/checksums.js";
import { maxTextBytes } from "../../release/verify/release-source.js";

/** Files of a repository at one commit. */
export interface RemoteRelease {
  repo: string;
  commit: string;
  files: Map<string, HubFile>;
  /** Contents of its SHA256SUMS, path to sha256; empty without a release. */
  listed: Map<string, string>;
}

/** Reads the current state of a branch or pull request. Errors: QS-HUB-*. */
export async function readRemote(
  connection: HubConnection,
  repo: string,
  revision: string,
  signal: AbortSignal,
): Promise<RemoteRelease> {
  const commit = await resolveCommit(connection, repo, revision, signal);
  const subject = { doing: `listing ${revision} of ${repo}`, repo };
  const files = new Map(
    (await listCommit(connection, { repo, commit }, subject, signal)).map((file) => [file.path, file]),
  );
  const remote = { repo, commit, files };
  const text = await readRemoteText(connection, remote, checksumsFile, signal);
  return { ...remote, listed: text === undefined ? new Map() : parseChecksums(text).files };
}

/** Reads a text file of the commit; returns undefined if it is missing or too large for a release. Errors: QS-HUB-*. */
export async function readRemoteText(
  connection: HubConnection,
  { repo, commit, files }: Pick<RemoteRelease, "repo" | "commit" | "files">,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const file = files.get(path);
  if (file === undefined || file.bytes > maxTextBytes) return undefined;
  const content = await readHubFile(connection, { repo, commit, file, maxBytes: maxTextBytes }, signal);
  return content.toString("utf8");
}
