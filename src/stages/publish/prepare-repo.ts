import type { HubConnection } from "../../hub/connection.js";
import { createRepo, findRepo, type RepoState, setGating } from "../../hub/upload/repository.js";
import type { HubPublishOptions } from "./hub-options.js";
import { needsGating, requirePrivate } from "./plan-hub.js";

/**
 * Makes a repository what uploads need: there, as private and as gated as asked for. `state` is what was found; undefined
 * creates it. Errors: QS-PUBLISH-PUBLIC, QS-HUB-*.
 */
export async function prepareRepo(
  connection: HubConnection,
  options: HubPublishOptions,
  state: RepoState | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { repo, gated } = options;
  requirePrivate(repo, state, options);
  if (state === undefined) {
    await createRepo(connection, repo, options.private, signal);
    // Someone may have been faster, and then it is what they made of it.
    requirePrivate(repo, await findRepo(connection, repo, signal), options);
  }
  if (needsGating({ state }, options) && gated !== undefined) await setGating(connection, repo, gated, signal);
}
