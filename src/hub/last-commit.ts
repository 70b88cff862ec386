import * as z from "zod";
import { apiFetch } from "./api-fetch.js";
import type { HubConnection } from "./connection.js";
import { invalidResponse, rethrowLibraryError } from "./hub-error.js";

const shape = z.object({ id: z.string().regex(/^[0-9a-f]{40}$/), date: z.iso.datetime({ offset: true }) });

/** Returns the last commit up to `commit` that changed a file in the repository's root, and its time. Errors: QS-HUB-*. */
export async function lastCommit(
  connection: HubConnection,
  { repo, commit, path }: { repo: string; commit: string; path: string },
  signal: AbortSignal,
): Promise<{ commit: string; date: string }> {
  const subject = { doing: `reading the history of ${path} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal) };
  const { listFiles } = await import("@huggingface/hub");
  try {
    const designation = { type: "model" as const, name: repo };
    for await (const entry of listFiles({ ...access, repo: designation, revision: commit, expand: true })) {
      if (entry.path !== path) continue;
      const last = shape.safeParse(entry.lastCommit).data;
      if (last === undefined) break;
      return { commit: last.id, date: new Date(last.date).toISOString() };
    }
  } catch (error) {
    rethrowLibraryError(error, subject);
  }
  throw invalidResponse(subject, `the listing does not contain the last commit of ${path}`);
}
