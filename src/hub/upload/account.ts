import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";

const account = z.object({ name: z.string().min(1) });

/** Returns the name of the account whose token is used for a repository; undefined without a token. Errors: QS-HUB-*. */
export async function accountName(
  connection: HubConnection,
  repo: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!connection.hasToken) return undefined;
  const subject: Subject = { doing: "looking up the token's account", repo };
  const { json } = await callApi(connection, { method: "GET", path: "/api/whoami-v2", subject }, signal);
  const { data } = account.safeParse(json);
  if (data === undefined) throw invalidResponse(subject, "the response does not name the account");
  return data.name;
}
