import { listJobs as callListJobs } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { invalidResponse, rethrowLibraryError, type Subject } from "../../../hub/hub-error.js";
import { type HubJob, parseJob } from "./job-info.js";
import { jobsAccess } from "./jobs-fetch.js";

/** A namespace's history is unlimited; jobs come newest first. */
const maxPages = 100;

/**
 * Lists the jobs of a namespace, newest first, page by page until `enough` returns true.
 * Errors: QS-HUB-*.
 */
export async function listJobs(
  connection: HubConnection,
  namespace: string,
  signal: AbortSignal,
  enough: (jobs: readonly HubJob[]) => boolean = () => false,
): Promise<HubJob[]> {
  const subject = { doing: `listing the jobs of ${namespace}`, repo: namespace };
  const jobs: HubJob[] = [];
  let next: URL | undefined;
  for (let page = 0; page < maxPages; page++) {
    const url = next;
    const access = jobsAccess(connection, subject, signal);
    // The library requests a single page; the address of the next page is in a header.
    const fetch: typeof globalThis.fetch = async (input) => {
      const response = await access.fetch(url ?? input);
      next = nextPage(response.headers.get("link"), connection, subject);
      return response;
    };
    const answer: unknown = await callListJobs({ namespace, ...access, fetch }).catch((error: unknown) =>
      rethrowLibraryError(error, subject),
    );
    if (!Array.isArray(answer)) throw invalidResponse(subject, "the response does not contain a list of jobs");
    jobs.push(...answer.map((one) => parseJob(one, subject)));
    if (next === undefined || enough(jobs)) break;
  }
  return jobs;
}

function nextPage(link: string | null, connection: HubConnection, subject: Subject): URL | undefined {
  const found = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (found === undefined) return undefined;
  if (!URL.canParse(found, connection.endpoint))
    throw invalidResponse(subject, "the address of the next page is invalid");
  return new URL(found, connection.endpoint);
}
