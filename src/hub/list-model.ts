import { readRegular } from "../util/regular-file.js";
import type { HubConnection } from "./connection.js";
import { repoCache } from "./download/cache-layout.js";
import { listSnapshot } from "./download/list-snapshot.js";
import { readTree } from "./download/tree-cache.js";
import { offlineError } from "./hub-error.js";
import { type HubFile, isCommit } from "./hub-file.js";
import { listCommit, resolveCommit } from "./list-commit.js";
import type { Gating } from "./upload/repository.js";

export interface ModelListing {
  commit: string;
  /** All files of the repository at that commit, sorted by path. */
  files: HubFile[];
  /** Whether only members may read the repository; absent offline, where it is unknown. */
  private?: boolean;
  /** Whether and how access to the repository is gated; absent offline, where it is unknown. */
  gated?: Gating;
  /** The repository's name, if the Hub leads to another one than requested; text of a server. */
  movedTo?: string;
}

/** Returns what limits the readers of a repository, as far as it is known; empty for a public, open one. */
export function limitsOf({ private: isPrivate, gated }: Pick<ModelListing, "private" | "gated">) {
  return { ...(isPrivate && { private: isPrivate }), ...(gated && { gated }) };
}

const never = new AbortController().signal;

/**
 * Resolves a revision to its commit with one request and lists the files at that commit; offline, from the cache.
 * Errors: QS-HUB-*.
 */
export async function listModel(
  connection: HubConnection,
  repo: string,
  revision: string,
  signal: AbortSignal = never,
): Promise<ModelListing> {
  if (connection.offline) return listCached(connection, repo, revision);
  const resolved = await resolveCommit(connection, repo, revision, signal);
  const { commit } = resolved;
  const subject = { doing: `listing ${revision} of ${repo}`, repo };
  return { ...resolved, files: await listCommit(connection, { repo, commit }, subject, signal) };
}

/** Lists a cached revision of a model or a data set (`datasets/org/name`). Errors: QS-HUB-OFFLINE. */
export async function listCached(
  { cacheFolder }: HubConnection,
  repo: string,
  revision: string,
): Promise<ModelListing> {
  const cache = repoCache(cacheFolder, repo);
  const commit = isCommit(revision) ? revision : String(await readRegular(cache.ref(revision)).catch(() => ""));
  if (!isCommit(commit.trim())) throw offlineError(`the revision ${revision} of ${repo}`);
  const files = (await readTree(cache.tree(commit.trim()))) ?? (await listSnapshot(cache.snapshot(commit.trim())));
  if (files.length === 0) throw offlineError(`${repo} at ${commit.trim()}`);
  return { commit: commit.trim(), files };
}
