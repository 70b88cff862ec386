import type { HubConnection } from "../../hub/connection.js";
import { TemporaryFailure } from "../../hub/hub-error.js";
import { RetryPolicy } from "../../hub/retry-policy.js";
import { findPullRequest } from "../../hub/upload/pull-requests.js";
import type { UploadHooks } from "../../hub/upload/upload-objects.js";
import { QuantsmithError } from "../../util/errors.js";
import { findChanges, isEmpty } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";
import { readRemote } from "./remote-release.js";
import { commitChanges, type Destination, syncRevision, uploadChanges } from "./sync-revision.js";

/**
 * Proposes a release as a pull request against main and reads it back there. One that is open for the very same release,
 * known by its title, is used. Errors: as `syncRevision`.
 */
export async function openPullRequest(
  connection: HubConnection,
  destination: Destination,
  release: CheckedRelease,
  hooks: UploadHooks,
): Promise<{ commit: string; sentBytes: number; pullRequest?: number }> {
  const { repo, title } = destination;
  const { signal } = hooks;
  const retryPolicy = new RetryPolicy(connection.limits);
  let sentBytes = 0;
  let made: number | undefined;
  for (;;) {
    const pullRequest = made ?? (await findPullRequest(connection, repo, title, signal));
    if (pullRequest !== undefined) {
      const revision = `refs/pr/${pullRequest}`;
      const brought = await syncRevision(connection, { ...destination, revision }, release, undefined, hooks);
      return { commit: brought.commit, sentBytes: sentBytes + brought.sentBytes, pullRequest };
    }
    const main = await readRemote(connection, repo, "main", signal);
    const changes = await findChanges(release.files, main, signal);
    if (isEmpty(changes)) return { commit: main.commit, sentBytes };
    const sent = await uploadChanges(connection, destination, changes, hooks);
    sentBytes += sent.bytes;
    try {
      const outcome = await commitChanges(connection, destination, main, changes, sent.large, signal, true);
      if (outcome.kind === "moved") throw new TemporaryFailure(notOpened(repo));
      const number = /\/discussions\/(\d+)$/.exec(outcome.pullRequest ?? "")?.[1];
      made = number === undefined ? undefined : Number(number);
    } catch (error) {
      // Whether it was opened is seen in the list.
      await retryPolicy.waitOrThrow(error, signal);
    }
  }
}

function notOpened(repo: string): QuantsmithError {
  return new QuantsmithError("QS-PUBLISH-CONFLICT", `main of ${repo} moved on each time before the pull request`, {
    remedy: "Someone else is committing to the repository; publish again when they are done.",
  });
}
