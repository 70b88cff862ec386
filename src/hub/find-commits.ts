import { apiFetch } from "./api-fetch.js";
import type { HubConnection } from "./connection.js";
import { invalidResponse, rethrowLibraryError } from "./hub-error.js";
import { isCommit } from "./hub-file.js";

/** Returns the commits of a revision whose id starts with `id`, newest first. Errors: QS-HUB-*. */
export async function findCommits(
  connection: HubConnection,
  { repo, revision, id }: { repo: string; revision: string; id: string },
  signal: AbortSignal,
): Promise<string[]> {
  const subject = { doing: `listing the commits of ${revision} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal), revision };
  const found: string[] = [];
  const { listCommits } = await import("@huggingface/hub");
  try {
    for await (const { oid } of listCommits({ ...access, repo: { type: "model", name: repo } })) {
      if (!isCommit(oid)) throw invalidResponse(subject, "the response contains an invalid commit id");
      if (oid.startsWith(id)) found.push(oid);
      if (oid === id) break;
    }
  } catch (error) {
    rethrowLibraryError(error, subject);
  }
  return found;
}
