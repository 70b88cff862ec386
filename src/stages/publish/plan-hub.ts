import type { HubConnection } from "../../hub/connection.js";
import { isInCollection } from "../../hub/upload/collections.js";
import { findOwnPullRequest } from "../../hub/upload/pull-requests.js";
import { findRepo, type RepoState } from "../../hub/upload/repository.js";
import { validateCard } from "../../hub/upload/validate-card.js";
import { signatureFile } from "../../release/sign/statement.js";
import { QuantsmithError } from "../../util/errors.js";
import { readRegular } from "../../util/regular-file.js";
import type { Warning } from "../../util/warnings.js";
import { type Changes, fileOperations, findChanges, isEmpty, noFiles } from "./find-changes.js";
import type { HubPublishOptions } from "./hub-options.js";
import type { PublishOperation } from "./operations.js";
import type { CheckedRelease } from "./release-files.js";
import { type RemoteRelease, readRemote } from "./remote-release.js";
import { datasetWarnings, requireAllowed } from "./require-allowed.js";
import { requireNames } from "./require-names.js";
import { type Overwrite, requireOwn } from "./require-own.js";
import { findStagingBranches, type StagingBranches, stagingBranchOf } from "./staging-branches.js";

/** A repository before a publication; all are undefined if it does not exist. */
export interface HubPlace {
  state: RepoState | undefined;
  main: RemoteRelease | undefined;
  /** With `via: "pr"`, the open pull request of the token's account for this release. */
  proposal: { number: number; files: RemoteRelease } | undefined;
}

/** Reads the state of a repository. Errors: QS-HUB-*. */
export async function readPlace(
  connection: HubConnection,
  { title }: Pick<CheckedRelease, "title">,
  { repo, via }: Pick<HubPublishOptions, "repo" | "via">,
  signal: AbortSignal,
): Promise<HubPlace> {
  const state = await findRepo(connection, repo, signal);
  if (state === undefined) return { state, main: undefined, proposal: undefined };
  const main = await readRemote(connection, repo, "main", signal);
  const number = via === "pr" ? await findOwnPullRequest(connection, repo, title, signal) : undefined;
  if (number === undefined) return { state, main, proposal: undefined };
  const files = await readRemote(connection, repo, revisionOf({ pullRequest: number }), signal);
  return { state, main, proposal: { number, files } };
}

/** State of a repository and the operations to publish a release. */
export interface HubPlan extends Pick<HubPlace, "state"> {
  /** The open pull request of the token's account for this release, unless main contains it. */
  pullRequest: number | undefined;
  /** The pull request, otherwise main, before the publication; undefined without a repository. */
  target: RemoteRelease | undefined;
  changes: Changes;
  /** Changed files that are not of the release at the target. */
  replaced: string[];
  title: string;
  stagingBranch: string;
  /** Staging branches before the publication, those of earlier publishers. */
  leftovers: StagingBranches;
  /** True if the repository must be added to the collection. */
  collect: boolean;
  operations: PublishOperation[];
  warnings: Warning[];
}

/**
 * Plans the operations to publish a release; changes nothing.
 * Errors: QS-PUBLISH-PUBLIC, QS-PUBLISH-OPEN, QS-PUBLISH-FOREIGN, QS-PUBLISH-NAMES, QS-PUBLISH-CARD, QS-PUBLISH-TARGET, QS-HUB-*.
 */
export async function planHub(
  connection: HubConnection,
  release: CheckedRelease,
  { state, main, proposal }: HubPlace,
  options: HubPublishOptions,
  signal: AbortSignal,
): Promise<HubPlan> {
  const { repo, collection } = options;
  requirePrivate(repo, state, options);
  const { inputs } = release;
  if (inputs !== undefined) requireAllowed(inputs, state, options);
  const onMain = await findChanges(release, main ?? noFiles, signal);
  const { title } = release;
  const open = isEmpty(onMain) ? undefined : proposal;
  const pullRequest = open?.number;
  const target = open?.files ?? main;
  const changes = open === undefined ? onMain : await findChanges(release, open.files, signal);
  const overwrite = overwriteOf(release, { ...options, pullRequest }, changes);
  const replaced = isEmpty(changes) ? [] : await requireOwn(overwrite, target ?? noFiles);
  requireNames(repo, release, (main ?? noFiles).files.keys(), onMain);
  const card = [...changes.add, ...changes.update].find(({ path }) => path === "README.md");
  if (card !== undefined) await validateCard(connection, repo, String(await readRegular(card.source)), signal);
  const leftovers =
    state === undefined ? { own: [], foreign: [] } : await findStagingBranches(connection, repo, signal);
  const collect = collection !== undefined && !(await isInCollection(connection, collection, repo, signal));
  const plan = {
    ...{ state, pullRequest, target, changes, replaced, title, collect, leftovers },
    stagingBranch: stagingBranchOf(release.digest.slice(0, 12)),
    warnings: inputs === undefined ? [] : datasetWarnings(inputs, state, options),
  };
  return { ...plan, operations: operationsOf(plan, options) };
}

/** Returns the revision that a publication changes; `main` also if it opens a pull request. */
export function revisionOf({ pullRequest }: Pick<HubPlan, "pullRequest">): string {
  return pullRequest === undefined ? "main" : `refs/pr/${pullRequest}`;
}

/** Returns what a publication writes to main or a pull request, and a removed signature, for `requireOwn`. */
export function overwriteOf(
  { report }: CheckedRelease,
  { repo, replace, pullRequest }: Pick<HubPublishOptions, "repo" | "replace"> & Pick<Overwrite, "pullRequest">,
  { add, update, remove }: Pick<Changes, "add" | "update" | "remove">,
): Overwrite {
  const paths = [...[...add, ...update].map(({ path }) => path), ...remove.filter((path) => path === signatureFile)];
  return { place: repo, pullRequest, model: report.model, paths, replace: replace === true };
}

function operationsOf(plan: Omit<HubPlan, "operations">, options: HubPublishOptions): PublishOperation[] {
  const { state, changes, replaced, title, stagingBranch, leftovers, collect, pullRequest } = plan;
  const operations: PublishOperation[] = [];
  if (state === undefined) {
    const visibility = options.private === undefined ? "default" : options.private ? "private" : "public";
    operations.push({ operation: "create-repository", visibility });
  }
  if (needsGating(plan, options) && options.gated !== undefined) {
    operations.push({ operation: "set-gating", gated: options.gated });
  }
  if (!isEmpty(changes)) {
    const staging = options.via === "branch" && ![...leftovers.own, ...leftovers.foreign].includes(stagingBranch);
    if (staging) operations.push({ operation: "create-branch", branch: stagingBranch });
    operations.push(...fileOperations(changes, replaced));
    if (options.via === "branch") operations.push({ operation: "commit", revision: stagingBranch, title });
    if (options.via === "pr" && pullRequest === undefined) operations.push({ operation: "open-pull-request", title });
    else operations.push({ operation: "commit", revision: revisionOf(plan), title });
    if (staging) operations.push({ operation: "delete-branch", branch: stagingBranch });
  }
  for (const branch of leftovers.own) operations.push({ operation: "delete-branch", branch });
  if (collect && options.collection !== undefined) {
    operations.push({ operation: "add-to-collection", collection: options.collection });
  }
  if (operations.length === 0) return [];
  return [...operations, ...leftovers.foreign.map((branch) => ({ operation: "keep-branch" as const, branch }))];
}

/** Returns true if the repository's gating differs from the options; a new repository is not gated. */
export function needsGating({ state }: Pick<HubPlan, "state">, { gated }: HubPublishOptions): boolean {
  return gated !== undefined && gated !== (state?.gated ?? false);
}

/** Throws QS-PUBLISH-PUBLIC for a private release and a public repository. */
export function requirePrivate(repo: string, state: RepoState | undefined, options: HubPublishOptions): void {
  if (options.private !== true || state?.private !== false) return;
  throw new QuantsmithError("QS-PUBLISH-PUBLIC", `${repo} is public, but the release is private`, {
    remedy:
      "Make the repository private in its settings, use another one, or publish with `--no-private`, or `private: false` in the recipe.",
  });
}
