import { type HubConnection, hubConnectionToWrite } from "../../hub/connection.js";
import { QuantsmithError } from "../../util/errors.js";
import { withTemporaryFolder } from "../../util/temporary-folder.js";
import { formerRelease } from "./former-release.js";
import type { HubPublishOptions } from "./hub-options.js";
import type { PublishHooks } from "./operations.js";
import { type Publication, publishOnHub } from "./publish.js";
import { previewHub, requireAccess } from "./publish-hub.js";
import type { CheckedRelease } from "./release-files.js";
import type { PublishTarget } from "./target.js";

/**
 * Makes the release of a former commit of main the present one again, by one commit on main or in a pull request. Sends no
 * large file. Files of others stay, and so do model files of earlier releases that were there at that commit.
 * Errors: QS-PUBLISH-ROLLBACK, QS-PUBLISH-TARGET, and as `publishTo`.
 */
export async function rollBack(commit: string, target: PublishTarget, hooks: PublishHooks): Promise<Publication> {
  return withFormer(commit, target, hooks.signal, (connection, release, options) =>
    publishOnHub(connection, release, options, hooks),
  );
}

/** Returns the operations of `rollBack` without executing them. Errors: as `rollBack`. */
export async function previewRollback(
  commit: string,
  target: PublishTarget,
  signal: AbortSignal,
): Promise<Publication> {
  return withFormer(commit, target, signal, async (connection, release, options) => {
    const hub = await previewHub(connection, release, options, signal);
    return { report: release.report, place: hub.pullRequest ?? hub.url, hub };
  });
}

async function withFormer<T>(
  commit: string,
  target: PublishTarget,
  signal: AbortSignal,
  work: (connection: HubConnection, release: CheckedRelease, options: HubPublishOptions) => Promise<T>,
): Promise<T> {
  if (target.kind === "dir") {
    throw new QuantsmithError("QS-PUBLISH-TARGET", "a folder has no commits to roll back to", {
      remedy: "Use `--to hf:<org>/<name>`, or publish the folder of the former release.",
    });
  }
  const connection = hubConnectionToWrite();
  requireAccess(connection, target.repo);
  // Nothing is uploaded, so there is nothing to stage.
  const options = { ...target, via: target.via === "pr" ? target.via : ("direct" as const) };
  return withTemporaryFolder(async (scratch) =>
    work(connection, await formerRelease(connection, target.repo, commit, scratch, signal), options),
  );
}
