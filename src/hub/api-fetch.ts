import type { HubConnection } from "./connection.js";
import { invalidResponse, type Subject } from "./hub-error.js";
import { readBody } from "./read-body.js";
import { get } from "./request.js";
import { retry } from "./retry-policy.js";

/** The largest listing page of the Hub contains 1000 entries, a few hundred kilobytes. */
const maxResponseBytes = 16 * 2 ** 20;
/** Fewer attempts than for a download: the user is waiting, and no transferred data is lost. */
const attempts = 4;

/**
 * Returns a `fetch` for @huggingface/hub's reading functions that applies this module's redirects, retries, errors and
 * token rules. Callers must not pass the token to the library; it is added here, for the endpoint's origin only. Use it for
 * one listing, since its pages are counted.
 */
export function apiFetch(connection: HubConnection, subject: Subject, signal: AbortSignal): typeof fetch {
  const pages = new Set<string>();
  return async (input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    // The library follows the address of the next page wherever it leads.
    if (url.origin !== new URL(connection.endpoint).origin)
      throw invalidResponse(subject, `the next page is on another host, ${connection.quote(url.host)}`);
    if (pages.has(url.href) || pages.size === connection.limits.maxPages)
      throw invalidResponse(subject, "the pages of the listing do not end");
    pages.add(url.href);
    const limits = { ...connection.limits, attempts: Math.min(connection.limits.attempts, attempts) };
    return retry(limits, signal, async () => {
      const answer = await get(connection, { url, headers: { accept: "application/json" }, subject, signal });
      const body = await readBody(answer, maxResponseBytes, subject);
      const link = answer.response.headers.link;
      return new Response(body, { headers: link === undefined ? {} : { link: String(link) } });
    });
  };
}
