import { apiFetch } from "./api-fetch.js";
import type { HubConnection } from "./connection.js";
import { invalidResponse, rethrowLibraryError } from "./hub-error.js";
import { isCommit } from "./hub-file.js";

/** Lists the commits of a revision, newest first. Errors: QS-HUB-*. */
export async function* listCommits(
  connection: HubConnection,
  { repo, revision }: { repo: string; revision: string },
  signal: AbortSignal,
): AsyncGenerator<{ id: string; title: string }> {
  const subject = { doing: `listing the commits of ${revision} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal), revision };
  const { listCommits } = await import("@huggingface/hub");
  try {
    for await (const { oid, title } of listCommits({ ...access, repo: { type: "model", name: repo } })) {
      if (!isCommit(oid)) throw invalidResponse(subject, "the response contains an invalid commit id");
      yield { id: oid, title: String(title) };
    }
  } catch (error) {
    rethrowLibraryError(error, subject);
  }
}
