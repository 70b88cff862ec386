import type { HubConnection } from "../../hub/connection.js";
import { type Subject, TemporaryFailure } from "../../hub/hub-error.js";
import { retry } from "../../hub/retry-policy.js";
import { type CommitOutcome, postCommit } from "../../hub/upload/post-commit.js";
import { findLargeFiles } from "../../hub/upload/preupload.js";
import { type UploadHooks, uploadObjects } from "../../hub/upload/upload-objects.js";
import { QuantsmithError } from "../../util/errors.js";
import { type Changes, findChanges, isEmpty } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";
import { type RemoteRelease, readRemote } from "./remote-release.js";

/** Where a release is to stand, and how its commit is called. */
export interface Destination {
  repo: string;
  /** Branch, or `refs/pr/<number>`. */
  revision: string;
  title: string;
  description: string;
}

export interface SyncResult {
  /** The commit that was read back and holds the release. */
  commit: string;
  /** Bytes sent to large-file storage. */
  sentBytes: number;
}

/**
 * Makes a revision hold a release: reads what it holds, and while that is not the release, uploads what is missing and makes
 * one commit. Since it ends only by reading the whole release back, an answer that was lost never leads to a second commit.
 * `before` is what the revision held when the caller decided: files of the release that someone else has changed since are
 * a conflict. Errors: QS-PUBLISH-CONFLICT, QS-PUBLISH-STORED, QS-HUB-*, QS-INPUT-CHANGED.
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
  // After a commit that failed, the revision shows whether it was created.
  return retry(connection.limits, signal, async () => {
    for (;;) {
      const remote = await readRemote(connection, repo, revision, signal);
      const changes = await findChanges(release.files, remote, signal);
      if (isEmpty(changes)) return { commit: remote.commit, sentBytes };
      if (createdCommit === remote.commit) throw storedOtherwise(destination, changes);
      if (before !== undefined) requireUnchangedRemote(destination, before, remote, changes);
      const sent = await uploadChanges(connection, destination, changes, hooks);
      sentBytes += sent.bytes;
      const outcome = await commitChanges(connection, destination, remote, changes, sent.large, signal);
      if (outcome.kind !== "made") throw new TemporaryFailure(movedAgain(destination));
      createdCommit = outcome.commit;
    }
  });
}

/** Uploads what a commit will refer to. Gives which files those are, and how many bytes were sent. */
export async function uploadChanges(
  connection: HubConnection,
  { repo, revision }: Pick<Destination, "repo" | "revision">,
  { add, update }: Pick<Changes, "add" | "update">,
  hooks: UploadHooks,
): Promise<{ large: Set<string>; bytes: number }> {
  const files = [...add, ...update];
  const large = await findLargeFiles(connection, { repo, revision }, files, hooks.signal);
  const bytes = await uploadObjects(
    connection,
    repo,
    files.filter(({ path }) => large.has(path)),
    hooks,
  );
  return { large, bytes };
}

/** One attempt at the commit, on what was read. Errors: QS-HUB-*, as TemporaryFailure where it may have been made. */
export function commitChanges(
  connection: HubConnection,
  { repo, revision, title, description }: Destination,
  remote: RemoteRelease,
  { add, update, remove }: Changes,
  large: ReadonlySet<string>,
  signal: AbortSignal,
  pullRequest = false,
): Promise<CommitOutcome> {
  const subject: Subject = { doing: `committing to ${revision} of ${repo}`, repo, writes: true };
  const content = { files: [...add, ...update], large, deletions: remove };
  const request = { repo, revision, title, description, parent: remote.commit, pullRequest, ...content };
  return postCommit(connection, request, subject, signal);
}

/** What someone else did meanwhile must not be undone by a commit that was decided on before. */
function requireUnchangedRemote(
  { repo, revision }: Destination,
  before: RemoteRelease,
  now: RemoteRelease,
  { add, update, remove }: Changes,
): void {
  const touched = [...add.map(({ path }) => path), ...update.map(({ path }) => path), ...remove];
  const changed = touched.filter((path) => before.files.get(path)?.digest !== now.files.get(path)?.digest);
  if (changed.length === 0) return;
  throw new QuantsmithError(
    "QS-PUBLISH-CONFLICT",
    `${changed[0]} of ${repo} was changed by someone else while this release was published; ${revision} is as they left it`,
    {
      remedy:
        "Look at the repository's last commits; publish again if this release is the one that should stand there.",
    },
  );
}

function movedAgain({ repo, revision }: Destination): QuantsmithError {
  return new QuantsmithError("QS-PUBLISH-CONFLICT", `${revision} of ${repo} moved on each time before the commit`, {
    remedy: "Someone else is committing to the repository; publish again when they are done.",
  });
}

function storedOtherwise({ repo, revision }: Destination, { add, update, remove }: Changes): QuantsmithError {
  const [name] = [...add.map(({ path }) => path), ...update.map(({ path }) => path), ...remove];
  return new QuantsmithError("QS-PUBLISH-STORED", `${revision} of ${repo} does not hold ${name} as it was sent`, {
    remedy:
      "Look at the file on the Hub. A rule in the repository's .gitattributes may change it; publish again after that.",
  });
}
