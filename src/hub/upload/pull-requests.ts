import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { findAccount } from "./account.js";
import { callApi } from "./call-api.js";

const page = z.object({
  discussions: z.array(
    z.object({
      num: z.int().min(1),
      title: z.string(),
      status: z.string(),
      isPullRequest: z.boolean(),
      /** Absent for a deleted account. */
      author: z.object({ name: z.string() }).optional().catch(undefined),
    }),
  ),
  count: z.int().min(0),
});
/** Limit of listed pages, newest first; the pull request of a release is recent. */
const maxPages = 20;

/**
 * Returns the number of the newest open pull request with this title that the token's account opened, if one exists:
 * anyone can open one with the same title and other files. Errors: QS-HUB-*.
 */
export async function findOwnPullRequest(
  connection: HubConnection,
  repo: string,
  title: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const author = await findAccount(connection, repo, signal);
  return findPullRequest(connection, repo, (one) => one.title === title && one.author?.name === author, signal);
}

type PullRequest = z.output<typeof page>["discussions"][number];

/** Returns the number of the newest open pull request that matches, if one exists. Errors: QS-HUB-*. */
export async function findPullRequest(
  connection: HubConnection,
  repo: string,
  matches: (one: PullRequest) => boolean,
  signal: AbortSignal,
): Promise<number | undefined> {
  const subject: Subject = { doing: `listing the pull requests of ${repo}`, repo };
  let seen = 0;
  for (let index = 0; index < maxPages; index++) {
    const path = `/api/models/${repo}/discussions?type=pull_request&status=open&p=${index}`;
    const { json } = await callApi(connection, { method: "GET", path, subject }, signal);
    const { data } = page.safeParse(json);
    if (data === undefined) throw invalidResponse(subject, "the response does not contain a list of pull requests");
    const found = data.discussions.find(
      (one) => one.isPullRequest && matches(one) && ["open", "draft"].includes(one.status),
    );
    if (found !== undefined) return found.num;
    seen += data.discussions.length;
    if (data.discussions.length === 0 || seen >= data.count) break;
  }
  return undefined;
}
