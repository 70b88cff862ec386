import type { HubConnection } from "../../hub/connection.js";
import { findCommits } from "../../hub/find-commits.js";
import { listCommits } from "../../hub/list-commits.js";
import { listBranches } from "../../hub/upload/branches.js";
import { QuantsmithError } from "../../util/errors.js";

/** Branches of a repository with the format of a staging branch. */
export interface StagingBranches {
  /** They have no commits but those of main and of publications of their release, and may be deleted. */
  own: string[];
  /** They have commits of others. */
  foreign: string[];
}

/** Returns the staging branch of a release, which quantsmith creates and deletes. */
export const stagingBranchOf = (version: string) => `quantsmith-staging-${version}`;

/** Finds the staging branches of all releases. Errors: QS-HUB-*. */
export async function findStagingBranches(
  connection: HubConnection,
  repo: string,
  signal: AbortSignal,
): Promise<StagingBranches> {
  const found: StagingBranches = { own: [], foreign: [] };
  for (const branch of await listBranches(connection, repo, signal)) {
    const version = /^quantsmith-staging-([0-9a-f]{12})$/.exec(branch)?.[1];
    if (version === undefined) continue;
    const isOwn = await hasOwnCommits(connection, { repo, branch, version }, signal).catch((error: unknown) => {
      // Another publisher has deleted it meanwhile.
      if (error instanceof QuantsmithError && error.code === "QS-HUB-REVISION") return undefined;
      throw error;
    });
    if (isOwn !== undefined) (isOwn ? found.own : found.foreign).push(branch);
  }
  return found;
}

/** Whether all commits since main are of a publication of the release, by their titles. */
async function hasOwnCommits(
  connection: HubConnection,
  { repo, branch, version }: { repo: string; branch: string; version: string },
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { id, title } of listCommits(connection, { repo, revision: branch }, signal)) {
    if (title.startsWith("Release ") && title.endsWith(` (${version})`)) continue;
    return (await findCommits(connection, { repo, revision: "main", id }, signal)).length > 0;
  }
  return true;
}
