import type { HubConnection } from "../../hub/connection.js";
import { type Subject, TemporaryFailure } from "../../hub/hub-error.js";
import { retry } from "../../hub/retry-policy.js";
import { type CommitOutcome, postCommit } from "../../hub/upload/post-commit.js";
import { findLargeFiles } from "../../hub/upload/preupload.js";
import { type UploadHooks, uploadObjects } from "../../hub/upload/upload-objects.js";
import { QuantsmithError } from "../../util/errors.js";
import { type Changes, findChanges, isEmpty, type PublishedFiles } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";
import { type RemoteRelease, readRemote } from "./remote-release.js";

/** Target revision and commit texts of a release. */
export interface Destination {
  repo: string;
  /** Branch, or `refs/pr/<number>`. */
  revision: string;
  title: string;
  description: string;
  /** The only files that a commit may delete; absent on a staging branch. */
  deletions?: readonly string[];
}

export interface SyncResult {
  /** The verified commit with the release. */
  commit: string;
  /** Bytes sent to large-file storage. */
  sentBytes: number;
}

/**
 * Updates a revision to contain a release: reads the revision, and until it matches, uploads missing content and
 * creates one commit. Since each attempt reads the revision first, a lost response never causes a second commit.
 * `before` is the state of the revision at planning time: files of the release changed since then are a conflict.
 * Errors: QS-PUBLISH-CONFLICT, QS-PUBLISH-STORED, QS-HUB-*, QS-INPUT-CHANGED.
 */
export async function syncRevision(
  connection: HubConnection,
  destination: Destination,
  release: CheckedRelease,
  before: RemoteRelease | undefined,
  hooks: UploadHooks,
): Promise<SyncResult> {
  const { repo, revision } = destination;
  const { signal } = hooks;
  let createdCommit: string | undefined;
  let sentBytes = 0;
  // After a failed commit, the revision shows whether the commit exists.
  return retry(connection.limits, signal, async () => {
    for (let isConfirmed = false; ; isConfirmed = true) {
      const remote = await readRemote(connection, repo, revision, signal);
      const changes = await findChanges(release, remote, signal);
      if (isEmpty(changes)) return { commit: remote.commit, sentBytes };
      if (createdCommit === remote.commit) throw storedDifferently(destination, changes);
      if (before !== undefined) requireUnchangedRemote(destination, before, remote, changes);
      // The Hub may show a commit later. One that it never shows counts as a failed attempt.
      if (isConfirmed) throw new TemporaryFailure(notShown(destination));
      const sent = await uploadChanges(connection, destination, changes, hooks);
      sentBytes += sent.bytes;
      const outcome = await commitChanges(connection, destination, remote, changes, sent.large, signal);
      if (outcome.kind !== "made") throw new TemporaryFailure(movedAgain(destination));
      createdCommit = outcome.commit;
    }
  });
}

/** Uploads the large files of a commit that are not stored. Returns the paths of all large files, and the bytes sent. */
export async function uploadChanges(
  connection: HubConnection,
  { repo, revision }: Pick<Destination, "repo" | "revision">,
  { add, update }: Pick<Changes, "add" | "update">,
  hooks: UploadHooks,
): Promise<{ large: Set<string>; bytes: number }> {
  const all = [...add, ...update];
  const files = all.filter(({ isStored }) => isStored !== true);
  const large = await findLargeFiles(connection, { repo, revision }, files, hooks.signal);
  const bytes = await uploadObjects(
    connection,
    repo,
    files.filter(({ path }) => large.has(path)),
    hooks,
  );
  for (const { path, isStored } of all) if (isStored) large.add(path);
  return { large, bytes };
}

/**
 * Creates the commit on the read state, in one attempt. Errors: QS-PUBLISH-CONFLICT if it would delete more than planned,
 * QS-HUB-*; a TemporaryFailure if it may exist.
 */
export async function commitChanges(
  connection: HubConnection,
  { repo, revision, title, description, deletions }: Destination,
  remote: RemoteRelease,
  { add, update, remove }: Changes,
  large: ReadonlySet<string>,
  signal: AbortSignal,
  pullRequest = false,
): Promise<CommitOutcome> {
  const unplanned = deletions && remove.find((path) => !deletions.includes(path));
  if (unplanned !== undefined) throw deletesMore(repo, unplanned);
  const subject: Subject = { doing: `committing to ${revision} of ${repo}`, repo, writes: true };
  const content = { files: [...add, ...update], large, deletions: remove };
  const request = { repo, revision, title, description, parent: remote.commit, pullRequest, ...content };
  return postCommit(connection, request, subject, signal);
}

/** Throws QS-PUBLISH-CONFLICT if a commit would overwrite a change that is newer than the state `before`. */
export function requireUnchangedRemote(
  { repo, revision }: Pick<Destination, "repo" | "revision">,
  before: Pick<PublishedFiles, "files">,
  now: Pick<PublishedFiles, "files">,
  { add, update, remove }: Changes,
): void {
  const touched = [...add.map(({ path }) => path), ...update.map(({ path }) => path), ...remove];
  const changed = touched.filter((path) => before.files.get(path)?.digest !== now.files.get(path)?.digest);
  if (changed.length === 0) return;
  throw new QuantsmithError(
    "QS-PUBLISH-CONFLICT",
    `another commit changed ${changed[0]} of ${repo} during publishing; ${revision} keeps that commit`,
    {
      remedy: "Check the repository's last commits, and publish again to replace them with this release.",
    },
  );
}

function deletesMore(repo: string, path: string): QuantsmithError {
  return new QuantsmithError(
    "QS-PUBLISH-CONFLICT",
    `publishing would now delete ${path} of ${repo}, which was not planned: another commit changed the repository`,
    { remedy: "Check the repository's last commits and `quantsmith publish --dry-run`, then publish again." },
  );
}

function movedAgain({ repo, revision }: Destination): QuantsmithError {
  return new QuantsmithError("QS-PUBLISH-CONFLICT", `${revision} of ${repo} changed before each attempt to commit`, {
    remedy: "Publish again when no one else commits to the repository.",
  });
}

function notShown({ repo, revision }: Destination): QuantsmithError {
  const message = `${revision} of ${repo} does not contain the commit that the Hub confirmed`;
  return new QuantsmithError("QS-PUBLISH-STORED", message, {
    remedy: "Check the repository's last commits, `HF_ENDPOINT` and the proxies in use, then publish again.",
  });
}

function storedDifferently({ repo, revision }: Destination, { add, update, remove }: Changes): QuantsmithError {
  const [name] = [...add.map(({ path }) => path), ...update.map(({ path }) => path), ...remove];
  return new QuantsmithError("QS-PUBLISH-STORED", `${name} on ${revision} of ${repo} differs from the uploaded file`, {
    remedy: "Check the file on the Hub and the rules in the repository's .gitattributes, then publish again.",
  });
}
