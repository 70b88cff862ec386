import type { HubConnection } from "../../hub/connection.js";
import type { HubFile } from "../../hub/hub-file.js";
import { lastCommit } from "../../hub/last-commit.js";
import { listCommit, resolveCommit } from "../../hub/list-commit.js";
import { readHubFile } from "../../hub/read-file.js";
import { identifyingFiles, ownRelease } from "../../release/own-files.js";
import { maxTextBytes } from "../../release/verify/release-source.js";
import { sha256 } from "../../util/sha256.js";
import type { PublishedFiles } from "./find-changes.js";

/** Files of a repository at one commit. */
export interface RemoteRelease extends PublishedFiles {
  repo: string;
  commit: string;
  files: ReadonlyMap<string, HubFile>;
}

/** Reads the current state of a branch or pull request. Errors: QS-HUB-*. */
export async function readRemote(
  connection: HubConnection,
  repo: string,
  revision: string,
  signal: AbortSignal,
): Promise<RemoteRelease> {
  const { commit } = await resolveCommit(connection, repo, revision, signal);
  const subject = { doing: `listing ${revision} of ${repo}`, repo };
  const files = new Map(
    (await listCommit(connection, { repo, commit }, subject, signal)).map((file) => [file.path, file]),
  );
  const texts = new Map<string, string>();
  for (const path of identifyingFiles) {
    const text = await readRemoteText(connection, { repo, commit, files }, path, signal);
    if (text !== undefined) texts.set(path, text);
  }
  const read = async (path: string) =>
    texts.get(path) ?? (await readRemoteText(connection, { repo, commit, files }, path, signal));
  const digest = async (path: string) => {
    const known = texts.get(path);
    if (known !== undefined) return sha256(known);
    const listed = files.get(path)?.digest;
    if (listed?.startsWith("sha256:")) return listed.slice("sha256:".length);
    const content = await readRemoteFile(connection, { repo, commit, files }, path, signal);
    return content && sha256(content);
  };
  const { own, release } = ownRelease(texts);
  const origin = () => lastCommit(connection, { repo, commit, path: "release.json" }, signal);
  const previous = release && { ...release, origin };
  return { repo, commit, files, own, release: previous, sha256: digest, text: read };
}

type Commit = Pick<RemoteRelease, "repo" | "commit" | "files">;

/** Reads a text file of the commit; returns undefined if it is missing or too large for a release. Errors: QS-HUB-*. */
export async function readRemoteText(
  connection: HubConnection,
  commit: Commit,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await readRemoteFile(connection, commit, path, signal))?.toString("utf8");
}

async function readRemoteFile(
  connection: HubConnection,
  { repo, commit, files }: Commit,
  path: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const file = files.get(path);
  if (file === undefined || file.bytes > maxTextBytes) return undefined;
  return readHubFile(connection, { repo, commit, file, maxBytes: maxTextBytes }, signal);
}
