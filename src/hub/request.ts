import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";
import { packageVersion } from "../util/package-version.js";
import { isRedirectTarget } from "./address.js";
import type { HubConnection } from "./connection.js";
import {
  invalidResponse,
  networkError,
  type Subject,
  statusError,
  storageError,
  TemporaryFailure,
} from "./hub-error.js";
import { parseRetryAfter } from "./retry-policy.js";

export interface HubRequest {
  url: URL;
  headers: Record<string, string>;
  subject: Subject;
  signal: AbortSignal;
}

/** A request that changes something at the other end. */
export interface HubWrite extends HubRequest {
  method: "POST" | "PUT" | "DELETE";
  body: HubBody;
  /** Statuses besides 2xx that are an answer and no failure. */
  accept?: readonly number[];
  /** How long nothing may come back, where the Hub takes longer than for a question. */
  stallMs?: number;
}

/** What is sent: bytes in memory, or a stream of known length that can be opened again for another attempt. */
export interface HubBody {
  bytes: number;
  open: () => Readable;
}

export interface HubResponse {
  /** 2xx, with its body still to be read. */
  response: IncomingMessage;
  /** Where the redirects ended. */
  url: URL;
}

const maxRedirects = 5;
const temporaryStatus = new Set([408, 425, 429, 500, 502, 503, 504]);
const userAgent = `quantsmith/${packageVersion()}`;

/**
 * One GET, redirects followed by hand: the token goes to the endpoint's own origin only, and no redirect may lead from
 * a far server to plain http or to this machine. A body that stalls fails with the connection's stall timeout.
 * Errors: QS-HUB-*, wrapped in a TemporaryFailure where another attempt may help.
 */
export async function get(connection: HubConnection, request: HubRequest): Promise<HubResponse> {
  const { subject, signal } = request;
  let { url } = request;
  for (let hop = 0; ; hop++) {
    await connection.rateLimiter.waitUntilReady(signal);
    const response = await exchange(connection, url, request);
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) return { response, url };
    // What is left of the body is read and forgotten, so that the connection can be used again.
    response.resume();
    if (![301, 302, 303, 307, 308].includes(status)) throw failure(connection, request, url, response);
    const location = response.headers.location ?? "";
    if (hop === maxRedirects) throw invalidResponse(subject, `more than ${maxRedirects} redirects`);
    if (!URL.canParse(location, url.href)) throw invalidResponse(subject, "a redirect that leads nowhere");
    url = new URL(location, url);
    if (!isRedirectTarget(url, connection.endpoint)) {
      throw invalidResponse(subject, `a redirect to ${url.protocol}//${url.host}, which is not safe to follow`);
    }
  }
}

/**
 * One request that changes something; a redirect is not followed. Whether a request that failed for a passing reason
 * was carried out is not known. Errors: as `get`.
 */
export async function send(connection: HubConnection, request: HubWrite): Promise<HubResponse> {
  const { subject, signal, url } = request;
  await connection.rateLimiter.waitUntilReady(signal);
  const response = await exchange(connection, url, request);
  const { statusCode: status = 0 } = response;
  if ((status >= 200 && status < 300) || request.accept?.includes(status) === true) return { response, url };
  response.resume();
  if (status >= 300 && status < 400)
    throw invalidResponse(subject, "a redirect; the repository may have another name now");
  throw failure(connection, request, url, response);
}

function exchange(connection: HubConnection, url: URL, asked: HubRequest | HubWrite): Promise<IncomingMessage> {
  const { headers, subject, signal } = asked;
  const write = "method" in asked ? asked : undefined;
  const transport = url.protocol === "https:" ? https : http;
  const stallMs = write?.stallMs ?? connection.limits.stallMs;
  const length: Record<string, string> = write === undefined ? {} : { "content-length": String(write.body.bytes) };
  return new Promise((resolve, reject) => {
    const request = transport.request(url, {
      method: write?.method ?? "GET",
      headers: { "user-agent": userAgent, ...headers, ...length, ...connection.identify(url) },
      signal,
      timeout: stallMs,
    });
    request.on("timeout", () => request.destroy(new Error(`nothing arrived for ${stallMs / 1000} s`)));
    request.on("response", resolve);
    request.on("error", (error) => {
      reject(signal.aborted ? signal.reason : new TemporaryFailure(networkError(error, subject)));
    });
    if (write === undefined) return void request.end();
    const source = write.body.open();
    source.on("error", (error) => {
      // The fault lies in the file, not in the network: no other attempt helps.
      reject(error);
      request.destroy();
    });
    request.on("close", () => source.destroy());
    source.pipe(request);
  });
}

/** Only the endpoint's own word is final; a storage server behind it may just have been given an expired address. */
function failure(connection: HubConnection, { subject }: HubRequest, url: URL, response: IncomingMessage): Error {
  const { statusCode: status = 0, headers } = response;
  const retryAfterMs = parseRetryAfter(headers["retry-after"]);
  if (url.origin !== new URL(connection.endpoint).origin) {
    return new TemporaryFailure(storageError(status, subject), retryAfterMs);
  }
  const code = /^\w+$/.exec(String(headers["x-error-code"] ?? ""))?.[0];
  const said = String(headers["x-error-message"] ?? "");
  const error = statusError({ status, code, said }, subject, connection);
  if (!temporaryStatus.has(status)) return error;
  if (status === 429 && retryAfterMs !== undefined && retryAfterMs <= connection.limits.maxRetryAfterMs) {
    connection.rateLimiter.pause(retryAfterMs);
  }
  return new TemporaryFailure(error, retryAfterMs);
}
