import { selectHubGguf } from "../checkpoint/gguf/select-hub-gguf.js";
import { maxConfigBytes } from "../checkpoint/read-config.js";
import { selectHubFiles } from "../checkpoint/select-hub-files.js";
import { maxIndexBytes } from "../checkpoint/weight-index.js";
import type { HubConnection } from "../hub/connection.js";
import { type HubFile, isCommit } from "../hub/hub-file.js";
import { formatHubRef } from "../hub/hub-ref.js";
import { listModel } from "../hub/list-model.js";
import { readHubFile } from "../hub/read-file.js";
import { accountName } from "../hub/upload/account.js";
import { findPullRequest, type PullRequest } from "../hub/upload/pull-requests.js";
import { findRepo, type Gating } from "../hub/upload/repository.js";
import type { Settings } from "../recipe/settings.js";
import { QuantsmithError } from "../util/errors.js";
import { type RecordedSource, readProposed, readRecorded } from "./recorded-source.js";
import { type Rebuild, rebuildOf, type SourceChange, type SourceState, sourceChanges } from "./source-changes.js";

/** Whether the release of a recipe is up to date with its source. */
export interface WatchedModel {
  name: string;
  /** `hf:org/name@revision`; null for a local source, which is not watched. */
  source: string | null;
  /** `proposed`: an open pull request of the token's account, or without a token of any, has the release of the present commit. */
  state: "current" | "outdated" | "proposed" | "unreleased" | "unwatched";
  /** Commits of the source: of the release, and of the revision now. */
  released: string | null;
  commit: string | null;
  changes: SourceChange[];
  rebuild: Rebuild;
  /** The open pull request, also one of another account than the token's, which is no proposal. */
  pullRequest?: PullRequest;
}

/**
 * Compares the source that a recipe's release was built from with the Hub. A source that the recipe pins to a commit is
 * compared with `main`. Errors: QS-HUB-*, QS-FETCH-*.
 */
export async function watchModel(
  connection: HubConnection,
  settings: Settings,
  out: string,
  signal: AbortSignal,
): Promise<WatchedModel> {
  const { name, model } = settings;
  const nothing = { name, released: null, commit: null, changes: [] };
  if (model.source.kind !== "hub") return { ...nothing, source: null, state: "unwatched", rebuild: "none" };
  const { repo } = model.source;
  const revision = isCommit(model.source.revision) ? "main" : model.source.revision;
  const source = formatHubRef({ repo, revision });
  const { commit, gated, files: listing } = await listModel(connection, repo, revision, signal);
  const recorded = await readRecorded(connection, settings, out, signal);
  if (recorded === undefined) return { ...nothing, source, commit, state: "unreleased", rebuild: "requantize" };
  const now = await presentState(connection, model, { repo, commit, listing }, signal);
  const before = recordedState(connection, repo, recorded, signal);
  const changes = [
    ...originChange(model.source, recorded),
    ...(await sourceChanges(before, now)),
    ...(await gatingChange(connection, settings, { repo, gated, recorded: recorded.gated }, signal)),
  ];
  const rebuild = rebuildOf(changes, settings.calibration.chatTemplate);
  const found = { name, source, released: recorded.commit, commit, changes, rebuild };
  if (changes.length === 0) return { ...found, state: "current" };
  if (rebuild === "none") return { ...found, state: "outdated" };
  const account = await accountName(connection, repo, signal);
  const find = (isWanted: (one: PullRequest) => boolean) =>
    findProposal(connection, settings, { commit, isWanted }, signal);
  const own = await find(({ author }) => account === undefined || author === account);
  if (own !== undefined) return { ...found, state: "proposed", pullRequest: own };
  const foreign = account === undefined ? undefined : await find(({ author }) => author !== account);
  return { ...found, state: "outdated", ...(foreign && { pullRequest: foreign }) };
}

type HubModelSource = Extract<Settings["model"]["source"], { kind: "hub" }>;

function originChange({ repo, file }: HubModelSource, recorded: RecordedSource): SourceChange[] {
  const own = file === undefined ? `hf:${repo}` : `hf:${repo}/${file}`;
  if (recorded.source === own) return [];
  return [{ aspect: "weights", message: `the release was built from ${recorded.source}, the recipe names ${own}` }];
}

/** The files that a run would fetch now. */
async function presentState(
  connection: HubConnection,
  model: Settings["model"],
  { repo, commit, listing }: { repo: string; commit: string; listing: readonly HubFile[] },
  signal: AbortSignal,
): Promise<SourceState> {
  const read = (file: HubFile, maxBytes: number) => readHubFile(connection, { repo, commit, file, maxBytes }, signal);
  const { file: gguf } = model.source as HubModelSource;
  const place = `hf:${repo}`;
  const { files } =
    gguf === undefined
      ? await selectHubFiles(place, listing, model, (file) => read(file, maxIndexBytes))
      : await selectHubGguf(place, listing, gguf);
  return {
    files,
    read: async (path) => {
      const file = files.find((one) => one.path === path);
      if (file === undefined || file.bytes > maxConfigBytes) return undefined;
      return (await read(file, maxConfigBytes)).toString("utf8");
    },
  };
}

/** The files of a release's source; texts of a commit that is gone cannot be read. */
function recordedState(
  connection: HubConnection,
  repo: string,
  { commit, files }: RecordedSource,
  signal: AbortSignal,
): SourceState {
  return {
    files,
    read: async (path) => {
      const file = files.find((one) => one.path === path);
      if (commit === null || file === undefined || file.bytes > maxConfigBytes) return undefined;
      const request = { repo, commit, file: { ...file, blobId: "" }, maxBytes: maxConfigBytes };
      try {
        return (await readHubFile(connection, request, signal)).toString("utf8");
      } catch (error) {
        const isGone = error instanceof QuantsmithError && /^QS-HUB-(MISSING|REVISION)$/.test(error.code);
        if (isGone) return undefined;
        throw error;
      }
    },
  };
}

/**
 * Reports a gated source whose release anyone can download, and access to the source that has changed since the release if
 * that to the release has not; neither if the recipe sets `gated` itself.
 */
async function gatingChange(
  connection: HubConnection,
  { publish }: Settings,
  { repo, gated = false, recorded }: { repo: string; gated: Gating | undefined; recorded: Gating | undefined },
  signal: AbortSignal,
): Promise<SourceChange[]> {
  const target = publish?.target;
  if (target?.kind !== "hub" || target.gated !== undefined) return [];
  const hasChanged = recorded !== undefined && recorded !== gated;
  if (gated === false && !hasChanged) return [];
  const release = await findRepo(connection, target.repo, signal);
  if (release === undefined || release.gated === gated || (release.gated !== false && !hasChanged)) return [];
  const states = `${repo} is ${describeGating(gated)}, and ${target.repo} is ${describeGating(release.gated)}`;
  const before = hasChanged ? `; at the release, ${repo} was ${describeGating(recorded)}` : "";
  return [{ aspect: "gating", message: `${states}${before}` }];
}

function describeGating(gated: Gating): string {
  return gated === false ? "not gated" : `gated (${gated})`;
}

/** Returns the newest of the wanted open pull requests if it has the release of a commit of the source. */
async function findProposal(
  connection: HubConnection,
  { publish, model }: Settings,
  { commit, isWanted }: { commit: string; isWanted: (one: PullRequest) => boolean },
  signal: AbortSignal,
): Promise<PullRequest | undefined> {
  const target = publish?.target;
  if (target?.kind !== "hub") return undefined;
  const isRelease = (one: PullRequest) => one.title.startsWith(`Release ${model.name} (`) && isWanted(one);
  const found = await findPullRequest(connection, target.repo, isRelease, signal);
  if (found === undefined) return undefined;
  const proposed = await readProposed(connection, target.repo, found.number, signal);
  return proposed?.commit === commit ? found : undefined;
}
