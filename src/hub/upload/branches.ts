import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";

const refs = z.object({ branches: z.array(z.object({ name: z.string() })) });

/** Returns the names of a repository's branches. Errors: QS-HUB-*. */
export async function listBranches(connection: HubConnection, repo: string, signal: AbortSignal): Promise<string[]> {
  const subject: Subject = { doing: `listing the branches of ${repo}`, repo };
  const { json } = await callApi(connection, { method: "GET", path: `/api/models/${repo}/refs`, subject }, signal);
  const { data } = refs.safeParse(json);
  if (data === undefined) throw invalidResponse(subject, "the response does not contain a list of branches");
  return data.branches.map(({ name }) => name);
}

/** Creates a branch at a commit; an existing branch stays unchanged. Errors: QS-HUB-*. */
export async function createBranch(
  connection: HubConnection,
  { repo, branch, commit }: { repo: string; branch: string; commit: string },
  signal: AbortSignal,
): Promise<void> {
  const subject: Subject = { doing: `creating the branch ${branch} of ${repo}`, repo, writes: true };
  const call = { path: branchPath(repo, branch), body: { startingPoint: commit }, accept: [409], subject };
  await callApi(connection, { method: "POST", ...call }, signal);
}

/** Deletes a branch, if it exists. Errors: QS-HUB-*. */
export async function deleteBranch(
  connection: HubConnection,
  repo: string,
  branch: string,
  signal: AbortSignal,
): Promise<void> {
  const subject: Subject = { doing: `deleting the branch ${branch} of ${repo}`, repo, writes: true };
  await callApi(connection, { method: "DELETE", path: branchPath(repo, branch), accept: [404], subject }, signal);
}

function branchPath(repo: string, branch: string): string {
  return `/api/models/${repo}/branch/${encodeURIComponent(branch)}`;
}
