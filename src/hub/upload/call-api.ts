import { Readable } from "node:stream";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { readBody } from "../read-body.js";
import { get, type HubBody, send } from "../request.js";
import { retry } from "../retry-policy.js";

/** The longest response lists 10,000 signed addresses for the parts of one large file. */
const maxResponseBytes = 16 * 2 ** 20;

export interface ApiCall {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path below the endpoint, with the leading `/`; or an absolute address from the Hub. */
  path: string | URL;
  /** Sent as JSON; a Buffer is sent unchanged. */
  body?: unknown;
  contentType?: string;
  /** Statuses besides 2xx that count as success. */
  accept?: readonly number[];
  stallMs?: number;
  subject: Subject;
}

export interface ApiResponse {
  status: number;
  /** Undefined for an empty or plain-text response. */
  json: unknown;
}

/** Calls the Hub's HTTP API once. Errors: QS-HUB-*, wrapped in a TemporaryFailure if a retry may succeed. */
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
    // Some responses are a plain "OK".
    if (status >= 400 || /^\w+$/.test(text)) return { status, json: undefined };
    throw new TemporaryFailure(invalidResponse(subject, "the response is not JSON"));
  }
}

/** Calls the Hub's HTTP API with retries; only for calls that may be executed twice. */
export function callApi(connection: HubConnection, call: ApiCall, signal: AbortSignal): Promise<ApiResponse> {
  return retry(connection.limits, signal, () => callOnce(connection, call, signal));
}

function inMemory(body: unknown): HubBody {
  const content = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
  return { bytes: content.length, open: () => Readable.from([content]) };
}
