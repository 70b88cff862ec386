import { Readable } from "node:stream";
import { apiFetch } from "../../../hub/api-fetch.js";
import type { HubConnection } from "../../../hub/connection.js";
import type { Subject } from "../../../hub/hub-error.js";
import { readBody } from "../../../hub/read-body.js";
import { type HubResponse, send } from "../../../hub/request.js";
import { QuantsmithError } from "../../../util/errors.js";

/** Status codes of a refused job; all other failures are of the usual kinds. */
const refusals = [400, 401, 402, 403, 404, 409, 413, 422];
const maxResponseBytes = 2 ** 20;

/**
 * Returns a `fetch` for @huggingface/hub's job functions, with this program's token rules and errors. Reads are retried
 * as in `apiFetch`. Writes are sent once, and fail with a TemporaryFailure when their outcome is unknown.
 * Errors: QS-JOBS-REFUSED with the Hub's message; QS-HUB-*.
 */
function jobsFetch(connection: HubConnection, subject: Subject, signal: AbortSignal): typeof fetch {
  const read = apiFetch(connection, subject, signal);
  return async (input, init) => {
    if ((init?.method ?? "GET") === "GET") return read(input);
    const url = new URL(input instanceof Request ? input.url : input);
    const content = Buffer.from(typeof init?.body === "string" ? init.body : "");
    const answer = await send(connection, {
      ...{ url, subject, signal, method: "POST", accept: refusals },
      headers: { accept: "application/json", "content-type": "application/json" },
      body: { bytes: content.length, open: () => Readable.from([content]) },
    });
    const status = answer.response.statusCode ?? 0;
    if (status >= 300) throw await refusal(connection, answer, subject);
    return new Response(new Uint8Array(await readBody(answer, maxResponseBytes, subject)));
  };
}

/** Connection options of @huggingface/hub's job functions. */
export interface JobsAccess {
  hubUrl: string;
  accessToken: string;
  fetch: typeof fetch;
}

/**
 * Returns the connection options of the library's job functions. They require a token; `jobsFetch` adds the real one,
 * for the endpoint's origin only, so the library never receives it.
 */
export function jobsAccess(connection: HubConnection, subject: Subject, signal: AbortSignal): JobsAccess {
  return {
    hubUrl: connection.endpoint,
    accessToken: "hf_placeholder",
    fetch: jobsFetch(connection, subject, signal),
  };
}

/** A request that the Hub refused, QS-JOBS-REFUSED. */
export class JobsRefusal extends QuantsmithError {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string, remedy: string) {
    super("QS-JOBS-REFUSED", message, { remedy });
    this.status = status;
  }
}

async function refusal(connection: HubConnection, answer: HubResponse, subject: Subject): Promise<JobsRefusal> {
  const status = answer.response.statusCode ?? 0;
  const header = String(answer.response.headers["x-error-message"] ?? "");
  const body = (await readBody(answer, maxResponseBytes, subject)).toString("utf8");
  const reason = connection.quote(header === "" ? errorText(body) : header);
  const suffix = reason === "" ? "" : `: ${reason}`;
  return new JobsRefusal(
    status,
    `${subject.doing}: the Hub refused the request (${status})${suffix}`,
    remedyFor(status, connection),
  );
}

function errorText(body: string): string {
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    return typeof error === "string" ? error : typeof message === "string" ? message : "";
  } catch {
    return body;
  }
}

function remedyFor(status: number, { endpoint }: HubConnection): string {
  if (status === 402) return `Add credit at ${endpoint}/settings/billing: jobs require a positive balance.`;
  if (status === 401 || status === 403) {
    return "Use a token that may start and manage jobs in this namespace, and check `executors.hfJobs.namespace`.";
  }
  if (status === 404) return "Check `executors.hfJobs`: the namespace, the bucket and the image must exist.";
  return "Check `executors.hfJobs` in the recipe or pipeline: image, flavor, timeout and bucket.";
}
