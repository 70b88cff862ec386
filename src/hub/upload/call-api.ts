import { Readable } from "node:stream";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { readBody } from "../read-body.js";
import { get, type HubBody, send } from "../request.js";
import { retry } from "../retry-policy.js";

/** The longest answer is that about the parts of one large file, ten thousand signed addresses. */
const maxResponseBytes = 16 * 2 ** 20;

export interface ApiCall {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the endpoint, with its leading `/`; or a whole address that the Hub gave. */
  path: string | URL;
  /** Sent as JSON; a Buffer as it is. */
  body?: unknown;
  contentType?: string;
  /** Statuses besides 2xx that are an answer and no failure. */
  accept?: readonly number[];
  stallMs?: number;
  subject: Subject;
}

export interface ApiResponse {
  status: number;
  /** Undefined for an empty answer. */
  json: unknown;
}

/** One call of the Hub's HTTP API, once. Errors: QS-HUB-*, wrapped in a TemporaryFailure where another attempt may help. */
export async function callOnce(connection: HubConnection, call: ApiCall, signal: AbortSignal): Promise<ApiResponse> {
  const { subject } = call;
  const url = call.path instanceof URL ? call.path : new URL(connection.endpoint + call.path);
  const accept = { accept: "application/json" };
  const answer =
    call.method === "GET"
      ? await get(connection, { url, headers: accept, subject, signal })
      : await send(connection, {
          ...{ url, subject, signal, method: call.method, body: inMemory(call.body) },
          headers: { ...accept, "content-type": call.contentType ?? "application/json" },
          ...(call.accept === undefined ? {} : { accept: call.accept }),
          ...(call.stallMs === undefined ? {} : { stallMs: call.stallMs }),
        });
  const status = answer.response.statusCode ?? 0;
  const text = (await readBody(answer, maxResponseBytes, subject)).toString("utf8");
  if (text === "") return { status, json: undefined };
  try {
    return { status, json: JSON.parse(text) as unknown };
  } catch {
    // Some answers are a plain "OK"; what a caller needs it takes from JSON only.
    if (status >= 400 || /^\w+$/.test(text)) return { status, json: undefined };
    throw new TemporaryFailure(invalidResponse(subject, "an answer that is no JSON"));
  }
}

/** The same, until it succeeds or patience ends; only for what may be done twice. */
export function callApi(connection: HubConnection, call: ApiCall, signal: AbortSignal): Promise<ApiResponse> {
  return retry(connection.limits, signal, () => callOnce(connection, call, signal));
}

function inMemory(body: unknown): HubBody {
  const content = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
  return { bytes: content.length, open: () => Readable.from([content]) };
}
