import type { HubConnection } from "../../hub/connection.js";
import { offlineError } from "../../hub/hub-error.js";
import { createBranch, deleteBranch } from "../../hub/upload/branches.js";
import { addToCollection } from "../../hub/upload/collections.js";
import type { LocalFile } from "../../hub/upload/local-file.js";
import type { UploadHooks } from "../../hub/upload/upload-objects.js";
import { QuantsmithError } from "../../util/errors.js";
import { withTemporaryFolder } from "../../util/temporary-folder.js";
import { findChanges, isEmpty, noFiles } from "./find-changes.js";
import type { HubPublication, HubPublishOptions } from "./hub-options.js";
import { openPullRequest } from "./open-pull-request.js";
import type { PublishHooks } from "./operations.js";
import { type HubPlace, type HubPlan, overwriteOf, planHub, readPlace, revisionOf } from "./plan-hub.js";
import { allOperations, prepareRelease, type ReleasePlaces, signPrepared } from "./prepare-release.js";
import { prepareRepo } from "./prepare-repo.js";
import type { CheckedRelease } from "./release-files.js";
import { type RemoteRelease, readRemote } from "./remote-release.js";
import { requireOwn } from "./require-own.js";
import { findStagingBranches } from "./staging-branches.js";
import { requireUnchangedRemote, type SyncResult, syncRevision } from "./sync-revision.js";

/** Attempts to stage a release whose branch another publisher deletes when it finishes. */
const maxStagingAttempts = 5;

/**
 * Publishes a verified release to the Hub, with the history of the repository and a signature if requested. Main always
 * contains a complete release: the previous one or this one. Content uploaded by an interrupted publish is not sent again,
 * and unchanged files are not committed again. Returns the files as published.
 * Errors: QS-PUBLISH-PUBLIC, QS-PUBLISH-FOREIGN, QS-PUBLISH-HISTORY, QS-PUBLISH-CONFLICT, QS-PUBLISH-STORED, QS-HUB-*,
 * QS-INPUT-CHANGED.
 */
export async function publishToHub(
  connection: HubConnection,
  found: CheckedRelease,
  options: HubPublishOptions,
  hooks: PublishHooks,
): Promise<{ hub: HubPublication; files: readonly LocalFile[] }> {
  const { signal } = hooks;
  return withTemporaryFolder(async (scratch) => {
    const place = await readPlace(connection, found, options, signal);
    const prepared = await prepareRelease(found, placesOf(place), options, scratch, signal);
    const planOf = (release: CheckedRelease) => planHub(connection, release, place, options, signal);
    const release = await signPrepared(prepared, hooks, planOf);
    const plan = await planOf(release);
    const all = { ...plan, operations: allOperations(prepared, plan.operations) };
    hooks.onWarnings?.(plan.warnings);
    hooks.onPlan?.(prepared.needsSignature ? plan.operations : all.operations);
    return { hub: await executePlan(connection, release, options, all, hooks), files: release.files };
  });
}

/** Returns the operations of `publishToHub` without executing them. Errors: as `planHub`. */
export async function previewHub(
  connection: HubConnection,
  found: CheckedRelease,
  options: HubPublishOptions,
  signal: AbortSignal,
): Promise<HubPublication> {
  return withTemporaryFolder(async (scratch) => {
    const place = await readPlace(connection, found, options, signal);
    const prepared = await prepareRelease(found, placesOf(place), options, scratch, signal);
    const plan = await planHub(connection, prepared.release, place, options, signal);
    const commit = isEmpty(plan.changes) ? (plan.target?.commit ?? null) : null;
    const operations = allOperations(prepared, plan.operations);
    const done = { commit, sentBytes: 0, pullRequest: plan.pullRequest };
    return publication(connection, options, { ...plan, operations }, done);
  });
}

function placesOf({ main, proposal }: HubPlace): ReleasePlaces {
  return { previous: main ?? noFiles, ...(proposal && { proposed: proposal.files }) };
}

async function executePlan(
  connection: HubConnection,
  release: CheckedRelease,
  options: HubPublishOptions,
  plan: HubPlan,
  hooks: PublishHooks,
): Promise<HubPublication> {
  const { repo } = options;
  const { signal } = hooks;
  await prepareRepo(connection, options, plan.state, signal);
  const target = plan.target ?? (await readNew(connection, release, options, signal));
  const done = await uploadRelease(connection, release, options, { ...plan, target }, hooks);
  // Staging branches of this and of killed publishers are no longer needed.
  const { own } = await findStagingBranches(connection, repo, signal);
  for (const branch of own) await deleteBranch(connection, repo, branch, signal);
  if (plan.collect && options.collection !== undefined) {
    await addToCollection(connection, options.collection, repo, signal);
  }
  return publication(connection, options, plan, done);
}

/**
 * Reads a repository that did not exist at planning time; another user may have created it. The plan listed none of its
 * files as replaced, and its release is not in the history of this one.
 */
async function readNew(
  connection: HubConnection,
  release: CheckedRelease,
  options: HubPublishOptions,
  signal: AbortSignal,
): Promise<RemoteRelease> {
  const main = await readRemote(connection, options.repo, "main", signal);
  const changes = await findChanges(release, main, signal);
  await requireOwn(overwriteOf(release, options, changes), main);
  if (options.replace || main.release !== undefined) {
    requireUnchangedRemote({ repo: options.repo, revision: "main" }, noFiles, main, changes);
  }
  return main;
}

type Done = { commit: string | null; sentBytes: number; pullRequest?: number | undefined };

async function uploadRelease(
  connection: HubConnection,
  release: CheckedRelease,
  options: HubPublishOptions,
  plan: HubPlan & { target: RemoteRelease },
  hooks: UploadHooks,
): Promise<Done> {
  const { repo, via } = options;
  const { pullRequest, target, title, stagingBranch } = plan;
  if (isEmpty(plan.changes)) return { commit: target.commit, sentBytes: 0, pullRequest };
  const reason = options.reason === undefined ? "" : `${options.reason}\n\n`;
  const description = `${reason}Made with quantsmith. Release digest: ${release.digest}`;
  const destination = { repo, revision: revisionOf(plan), title, description, deletions: plan.changes.remove };
  if (via === "pr" && pullRequest === undefined) {
    return openPullRequest(connection, { ...destination, ...options }, release, target, hooks);
  }
  const staged =
    via === "branch"
      ? await stage(connection, { repo, revision: stagingBranch, title, description }, release, target, hooks)
      : 0;
  const { commit, sentBytes } = await syncRevision(connection, destination, release, target, hooks).catch((error) => {
    throw via === "branch" ? withBranch(error, stagingBranch) : error;
  });
  return { commit, sentBytes: staged + sentBytes, pullRequest };
}

/** Adds to an error after the staging the branch that has the uploaded files. */
function withBranch(error: unknown, branch: string): unknown {
  if (!(error instanceof QuantsmithError)) return error;
  const remedy = `${error.remedy} The branch ${branch} has the uploaded files; the next publication continues from it and deletes it.`;
  return new QuantsmithError(error.code, error.message, { remedy, cause: error });
}

/** Commits the release to a staging branch and verifies it there. Returns the bytes sent. */
async function stage(
  connection: HubConnection,
  destination: { repo: string; revision: string; title: string; description: string },
  release: CheckedRelease,
  main: RemoteRelease,
  hooks: UploadHooks,
): Promise<number> {
  const { repo, revision: branch } = destination;
  for (let attempt = 1; ; attempt++) {
    await createBranch(connection, { repo, branch, commit: main.commit }, hooks.signal);
    try {
      const { sentBytes }: SyncResult = await syncRevision(connection, destination, release, undefined, hooks);
      return sentBytes;
    } catch (error) {
      // Another publisher of the same release has finished and deleted the branch.
      const isGone = error instanceof QuantsmithError && error.code === "QS-HUB-REVISION";
      if (!isGone || attempt === maxStagingAttempts) throw error;
    }
  }
}

/** Requires a token and a connection that is not offline. Errors: QS-PUBLISH-TOKEN, QS-HUB-OFFLINE. */
export function requireAccess(connection: HubConnection, repo: string): void {
  if (connection.offline) throw offlineError(`the state of ${repo}`);
  if (connection.hasToken) return;
  throw new QuantsmithError("QS-PUBLISH-TOKEN", `publishing to ${repo} needs a token`, {
    remedy: "Set `HF_TOKEN` to a token with write access to the repository, or run `hf auth login`.",
  });
}

function publication(
  { endpoint }: HubConnection,
  { repo, via }: HubPublishOptions,
  { operations, warnings }: Pick<HubPlan, "operations" | "warnings">,
  { commit, sentBytes, pullRequest }: Done,
): HubPublication {
  const url = `${endpoint}/${repo}`;
  const page = pullRequest === undefined ? null : `${url}/discussions/${pullRequest}`;
  const found = { repo, url, via, commit, pullRequest: page, operations, sentBytes };
  return warnings.length === 0 ? found : { ...found, warnings };
}
