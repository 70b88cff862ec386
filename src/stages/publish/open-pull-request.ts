import type { HubConnection } from "../../hub/connection.js";
import { TemporaryFailure } from "../../hub/hub-error.js";
import { retry } from "../../hub/retry-policy.js";
import { findOwnPullRequest } from "../../hub/upload/pull-requests.js";
import type { UploadHooks } from "../../hub/upload/upload-objects.js";
import { QuantsmithError } from "../../util/errors.js";
import { findChanges, isEmpty } from "./find-changes.js";
import type { HubPublishOptions } from "./hub-options.js";
import { overwriteOf, revisionOf } from "./plan-hub.js";
import type { CheckedRelease } from "./release-files.js";
import { type RemoteRelease, readRemote } from "./remote-release.js";
import { requireOwn } from "./require-own.js";
import {
  commitChanges,
  type Destination,
  requireUnchangedRemote,
  syncRevision,
  uploadChanges,
} from "./sync-revision.js";

/**
 * Opens a pull request with a release and verifies its content. Reuses one of the token's account with the same title,
 * which contains the release digest, that was opened since the plan, as by a commit whose response was lost. Opens none
 * again after the Hub confirmed one, and takes its number from the list, where it has an author. `before` is the state of
 * main at planning time: with `replace`, foreign files changed since then are a conflict, since the plan did not list them.
 * Errors: as `syncRevision`, QS-PUBLISH-FOREIGN.
 */
export async function openPullRequest(
  connection: HubConnection,
  destination: Destination & Pick<HubPublishOptions, "replace">,
  release: CheckedRelease,
  before: RemoteRelease,
  hooks: UploadHooks,
): Promise<{ commit: string; sentBytes: number; pullRequest?: number }> {
  const { repo, title, replace } = destination;
  const { signal } = hooks;
  type Opened = { pullRequest: number } | { commit: string };
  let sentBytes = 0;
  let isConfirmed = false;
  // After a failed commit, the list shows whether the pull request exists.
  const opened = await retry(connection.limits, signal, async (): Promise<Opened> => {
    for (;;) {
      const pullRequest = await findOwnPullRequest(connection, repo, title, signal);
      if (pullRequest !== undefined) return { pullRequest };
      if (isConfirmed) throw new TemporaryFailure(notListed(connection, repo));
      const main = await readRemote(connection, repo, "main", signal);
      const changes = await findChanges(release, main, signal);
      if (isEmpty(changes)) return { commit: main.commit };
      await requireOwn(overwriteOf(release, destination, changes), main);
      if (replace) requireUnchangedRemote({ repo, revision: "main" }, before, main, changes);
      const sent = await uploadChanges(connection, destination, changes, hooks);
      sentBytes += sent.bytes;
      const outcome = await commitChanges(connection, destination, main, changes, sent.large, signal, true);
      if (outcome.kind === "moved") throw new TemporaryFailure(notOpened(repo));
      isConfirmed = true;
    }
  });
  if ("commit" in opened) return { ...opened, sentBytes };
  const revision = revisionOf(opened);
  const present = await readRemote(connection, repo, revision, signal);
  const changes = await findChanges(release, present, signal);
  await requireOwn(overwriteOf(release, { ...destination, ...opened }, changes), present);
  if (replace) requireUnchangedRemote({ repo, revision }, before, present, changes);
  const synced = await syncRevision(connection, { ...destination, revision }, release, present, hooks);
  return { ...opened, commit: synced.commit, sentBytes: sentBytes + synced.sentBytes };
}

function notListed({ endpoint }: HubConnection, repo: string): QuantsmithError {
  const message = `the Hub confirmed a pull request on ${repo}, but lists none of this account with the release`;
  return new QuantsmithError("QS-PUBLISH-STORED", message, {
    remedy: `Check the pull requests at ${endpoint}/${repo}/discussions, then publish again.`,
  });
}

function notOpened(repo: string): QuantsmithError {
  return new QuantsmithError(
    "QS-PUBLISH-CONFLICT",
    `main of ${repo} changed before each attempt to open the pull request`,
    {
      remedy: "Publish again when no one else commits to the repository.",
    },
  );
}
