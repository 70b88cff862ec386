import type { HubConnection } from "../../hub/connection.js";
import type { HubFile } from "../../hub/hub-file.js";
import { listCommit, resolveCommit } from "../../hub/list-commit.js";
import { readHubFile } from "../../hub/read-file.js";
import { parseChecksums } from "./checksums.js";

/** What a repository holds at one commit. */
export interface RemoteRelease {
  commit: string;
  files: Map<string, HubFile>;
  /** The release that stands there as its SHA256SUMS lists it, file to sha256; empty when there is none. */
  listed: Map<string, string>;
}

const maxChecksumBytes = 4 * 2 ** 20;

/** Reads what a branch or pull request holds now. Errors: QS-HUB-*. */
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
  const file = files.get("SHA256SUMS");
  if (file === undefined || file.bytes > maxChecksumBytes) return { commit, files, listed: new Map() };
  const text = await readHubFile(connection, { repo, commit, file, maxBytes: maxChecksumBytes }, signal);
  return { commit, files, listed: parseChecksums(text.toString("utf8")) };
}
