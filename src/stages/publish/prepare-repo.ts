import type { HubConnection } from "../../hub/connection.js";
import { createRepo, findRepo, type RepoState, setGating } from "../../hub/upload/repository.js";
import type { HubPublishOptions } from "./hub-options.js";
import { needsGating, requirePrivate } from "./plan-hub.js";

/**
 * Creates the repository if `state` is undefined, requires a private one for a private release, and sets its gating.
 * Errors: QS-PUBLISH-PUBLIC, QS-HUB-*.
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
    // Another user may have created it first, as public.
    requirePrivate(repo, await findRepo(connection, repo, signal), options);
  }
  if (needsGating({ state }, options) && gated !== undefined) await setGating(connection, repo, gated, signal);
}
