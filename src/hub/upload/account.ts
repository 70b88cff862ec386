import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";

const account = z.object({ name: z.string() });

/** Returns the name of the token's account. Errors: QS-HUB-*. */
export async function findAccount(connection: HubConnection, repo: string, signal: AbortSignal): Promise<string> {
  const subject: Subject = { doing: "reading the token's account", repo };
  const { json } = await callApi(connection, { method: "GET", path: "/api/whoami-v2", subject }, signal);
  const { data } = account.safeParse(json);
  if (data === undefined) throw invalidResponse(subject, "the response does not contain the account's name");
  return data.name;
}
