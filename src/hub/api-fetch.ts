import type { HubConnection } from "./connection.js";
import type { Subject } from "./hub-error.js";
import { readBody } from "./read-body.js";
import { get } from "./request.js";
import { retry } from "./retry-policy.js";

/** The largest listing page of the Hub holds a thousand entries, some hundred kilobytes. */
const maxResponseBytes = 16 * 2 ** 20;
/** Somebody is waiting for the answer, and nothing is lost yet: a download is more patient. */
const attempts = 4;

/**
 * A `fetch` for @huggingface/hub's reading functions: our redirects, retries, errors and token rules instead of the
 * global one's. The library must not be given the token; it is added here, for the endpoint's origin only.
 */
export function apiFetch(connection: HubConnection, subject: Subject, signal: AbortSignal): typeof fetch {
  return async (input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const limits = { ...connection.limits, attempts: Math.min(connection.limits.attempts, attempts) };
    return retry(limits, signal, async () => {
      const answer = await get(connection, { url, headers: { accept: "application/json" }, subject, signal });
      const body = await readBody(answer, maxResponseBytes, subject);
      const link = answer.response.headers.link;
      return new Response(body, { headers: link === undefined ? {} : { link: String(link) } });
    });
  };
}
