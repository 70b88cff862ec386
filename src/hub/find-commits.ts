import type { HubConnection } from "./connection.js";
import { listCommits } from "./list-commits.js";

/** Returns the commits of a revision whose id starts with `id`, newest first. Errors: QS-HUB-*. */
export async function findCommits(
  connection: HubConnection,
  { repo, revision, id }: { repo: string; revision: string; id: string },
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  for await (const commit of listCommits(connection, { repo, revision }, signal)) {
    if (commit.id.startsWith(id)) found.push(commit.id);
    if (commit.id === id) break;
  }
  return found;
}
