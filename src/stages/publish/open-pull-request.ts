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
import { readRemote } from "./remote-release.js";
import { requireOwn } from "./require-own.js";
import { commitChanges, type Destination, syncRevision, uploadChanges } from "./sync-revision.js";

/**
 * Opens a pull request with a release and verifies its content. Reuses one of the token's account with the same title,
 * which contains the release digest, that was opened since the plan, as by a commit whose response was lost.
 * Errors: as `syncRevision`, QS-PUBLISH-FOREIGN.
 */
export async function openPullRequest(
  connection: HubConnection,
  destination: Destination & Pick<HubPublishOptions, "replace">,
  release: CheckedRelease,
  hooks: UploadHooks,
): Promise<{ commit: string; sentBytes: number; pullRequest?: number }> {
  const { repo, title } = destination;
  const { signal } = hooks;
  type Opened = { pullRequest: number } | { commit: string };
  let sentBytes = 0;
  // After a failed commit, the list shows whether the pull request exists.
  const opened = await retry(connection.limits, signal, async (): Promise<Opened> => {
    for (let created: number | undefined; ; ) {
      const pullRequest = created ?? (await findOwnPullRequest(connection, repo, title, signal));
      if (pullRequest !== undefined) return { pullRequest };
      const main = await readRemote(connection, repo, "main", signal);
      const changes = await findChanges(release, main, signal);
      if (isEmpty(changes)) return { commit: main.commit };
      await requireOwn(overwriteOf(release, destination, changes), main);
      const sent = await uploadChanges(connection, destination, changes, hooks);
      sentBytes += sent.bytes;
      const outcome = await commitChanges(connection, destination, main, changes, sent.large, signal, true);
      if (outcome.kind === "moved") throw new TemporaryFailure(notOpened(repo));
      const number = /\/discussions\/(\d+)$/.exec(outcome.pullRequest ?? "")?.[1];
      created = number === undefined ? undefined : Number(number);
    }
  });
  if ("commit" in opened) return { ...opened, sentBytes };
  const revision = revisionOf(opened);
  const present = await readRemote(connection, repo, revision, signal);
  const changes = await findChanges(release, present, signal);
  await requireOwn(overwriteOf(release, { ...destination, ...opened }, changes), present);
  const synced = await syncRevision(connection, { ...destination, revision }, release, present, hooks);
  return { ...opened, commit: synced.commit, sentBytes: sentBytes + synced.sentBytes };
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
