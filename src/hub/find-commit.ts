import { apiFetch } from "./api-fetch.js";
import type { HubConnection } from "./connection.js";
import { rethrowLibraryError } from "./hub-error.js";

/** Returns the newest commit of a revision whose id starts with `id`; undefined without one. Errors: QS-HUB-*. */
export async function findCommit(
  connection: HubConnection,
  { repo, revision, id }: { repo: string; revision: string; id: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const subject = { doing: `listing the commits of ${revision} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal), revision };
  const { listCommits } = await import("@huggingface/hub");
  try {
    for await (const { oid } of listCommits({ ...access, repo: { type: "model", name: repo } })) {
      if (oid.startsWith(id)) return oid;
    }
  } catch (error) {
    rethrowLibraryError(error, subject);
  }
  return undefined;
}
