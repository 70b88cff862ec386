import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { accountName } from "./account.js";
import { callApi } from "./call-api.js";

const page = z.object({
  discussions: z.array(
    z.object({
      ...{ num: z.int().min(1), title: z.string(), status: z.string(), isPullRequest: z.boolean() },
      /** Without a name after the account was deleted. */
      author: z.object({ name: z.string().optional() }).optional(),
    }),
  ),
  count: z.int().min(0),
});
/** Limit of listed pages, newest first; the pull request of a release is recent. */
const maxPages = 20;

export interface PullRequest {
  number: number;
  title: string;
  /** Account that opened it; null if it was deleted. */
  author: string | null;
}

/** Returns the newest open pull request that `isWanted` accepts, with its texts to show. Errors: QS-HUB-*. */
export async function findPullRequest(
  connection: HubConnection,
  repo: string,
  isWanted: (one: PullRequest) => boolean,
  signal: AbortSignal,
): Promise<PullRequest | undefined> {
  const subject: Subject = { doing: `listing the pull requests of ${repo}`, repo };
  let seen = 0;
  for (let index = 0; index < maxPages; index++) {
    const path = `/api/models/${repo}/discussions?type=pull_request&status=open&p=${index}`;
    const { json } = await callApi(connection, { method: "GET", path, subject }, signal);
    const { data } = page.safeParse(json);
    if (data === undefined) throw invalidResponse(subject, "the response does not contain a list of pull requests");
    const found = data.discussions
      .filter(({ isPullRequest, status }) => isPullRequest && ["open", "draft"].includes(status))
      .map(({ num, title, author }) => ({ number: num, title, author: author?.name ?? null }))
      .find(isWanted);
    if (found !== undefined) return shown(found, connection);
    seen += data.discussions.length;
    if (data.discussions.length === 0 || seen >= data.count) break;
  }
  return undefined;
}

function shown({ number, title, author }: PullRequest, { quote }: HubConnection): PullRequest {
  return { number, title: quote(title), author: author === null ? null : quote(author) };
}

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
  const account = await accountName(connection, repo, signal);
  if (account === undefined) return undefined;
  const isOwn = (one: PullRequest) => one.title === title && one.author === account;
  return (await findPullRequest(connection, repo, isOwn, signal))?.number;
}
