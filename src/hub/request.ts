import http, { type Agent, type IncomingMessage } from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";
import { packageVersion } from "../util/package-version.js";
import { isRedirectTarget, mustBeRemote } from "./address.js";
import type { HubConnection } from "./connection.js";
import {
  connectionFailure,
  invalidResponse,
  proxyError,
  type Subject,
  statusError,
  storageError,
  TemporaryFailure,
} from "./hub-error.js";
import { LocalNameError, remoteLookup } from "./local-address.js";
import { parseRetryAfter } from "./retry-policy.js";
import { watchRate } from "./watch-rate.js";

export interface HubRequest {
  url: URL;
  headers: Record<string, string>;
  subject: Subject;
  signal: AbortSignal;
  /** Statuses besides 2xx that count as success. */
  accept?: readonly number[];
}

/** A request that changes data on the server. */
export interface HubWrite extends HubRequest {
  method: "POST" | "PUT" | "DELETE";
  body: HubBody;
  /** Stall timeout, for requests that the Hub answers more slowly than reads. */
  stallMs?: number;
}

/** A request body of known length; `open` can be called again for another attempt. */
export interface HubBody {
  bytes: number;
  open: () => Readable;
}

export interface HubResponse {
  /** A response with a 2xx or accepted status, whose body is unread. */
  response: IncomingMessage;
  /** Final address after redirects. */
  url: URL;
}

const maxRedirects = 5;
/** Bytes read of a body that is not needed. */
const maxDiscardedBytes = 2 ** 16;
const temporaryStatus = new Set([408, 425, 429, 500, 502, 503, 504]);
const userAgent = `quantsmith/${packageVersion()}`;

/**
 * Sends one GET and follows redirects itself: the token is sent to the endpoint's origin only, and a remote server
 * cannot redirect to plain http or to this machine, nor by a name that resolves to it (without a proxy, which resolves names).
 * A stalled body fails after the connection's stall timeout.
 * Errors: QS-HUB-*, wrapped in a TemporaryFailure if a retry may succeed.
 */
export async function get(connection: HubConnection, request: HubRequest): Promise<HubResponse> {
  const { subject, signal } = request;
  let { url } = request;
  for (let hop = 0; ; hop++) {
    await connection.rateLimiter.waitUntilReady(signal);
    const response = await exchange(connection, url, request, await connection.agentFor(url));
    const { statusCode: status = 0 } = response;
    if (isAccepted(request, status)) return { response, url };
    discard(response);
    if (![301, 302, 303, 307, 308].includes(status)) throw failure(connection, request, url, response);
    const location = response.headers.location ?? "";
    if (hop === maxRedirects) throw invalidResponse(subject, `the Hub redirected more than ${maxRedirects} times`);
    if (!URL.canParse(location, url.href)) throw invalidResponse(subject, "the redirect has no valid address");
    url = new URL(location, url);
    if (!isRedirectTarget(url, connection.endpoint)) {
      const origin = connection.quote(`${url.protocol}//${url.host}`);
      throw invalidResponse(subject, `the redirect to ${origin} is not safe to follow`);
    }
  }
}

/**
 * Sends one request that changes data; redirects are not followed. After a TemporaryFailure, the server may have
 * executed the request. Errors: as `get`.
 */
export async function send(connection: HubConnection, request: HubWrite): Promise<HubResponse> {
  const { subject, signal, url } = request;
  await connection.rateLimiter.waitUntilReady(signal);
  const response = await exchange(connection, url, request, await connection.agentFor(url));
  const { statusCode: status = 0 } = response;
  if (isAccepted(request, status)) return { response, url };
  discard(response);
  if (status >= 300 && status < 400) throw invalidResponse(subject, redirected(connection, url));
  throw failure(connection, request, url, response);
}

function redirected({ endpoint, quote }: HubConnection, url: URL): string {
  return url.origin === new URL(endpoint).origin
    ? "the Hub returned a redirect; the repository may have been renamed"
    : `the Hub's storage at ${quote(url.host)} returned a redirect, which an upload does not follow`;
}

function isAccepted({ accept }: HubRequest, status: number): boolean {
  return (status >= 200 && status < 300) || accept?.includes(status) === true;
}

/** Drains a body that nobody reads, which makes the connection reusable; closes the connection of an endless one. */
export function discard(response: IncomingMessage): void {
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxDiscardedBytes) response.destroy();
  });
}

function exchange(
  connection: HubConnection,
  url: URL,
  options: HubRequest | HubWrite,
  agent: Agent | undefined,
): Promise<IncomingMessage> {
  const { headers, subject, signal } = options;
  const write = "method" in options ? options : undefined;
  const transport = url.protocol === "https:" ? https : http;
  const stallMs = write?.stallMs ?? connection.limits.stallMs;
  const length: Record<string, string> = write === undefined ? {} : { "content-length": String(write.body.bytes) };
  return new Promise((resolve, reject) => {
    const request = transport.request(url, {
      method: write?.method ?? "GET",
      headers: { "user-agent": userAgent, ...headers, ...length, ...connection.authorize(url) },
      signal,
      timeout: stallMs,
      agent,
      ...(agent === undefined && mustBeRemote(url, connection.endpoint) ? { lookup: remoteLookup } : {}),
    });
    let answer: IncomingMessage | undefined;
    // Once there is a response, its reader gets the error.
    const abort = (error: Error) => void (answer ?? request).destroy(error);
    request.on("timeout", () => abort(new Error(`no data arrived for ${stallMs / 1000} s`)));
    watchRate(request, connection.limits.minBytesPerSecond, abort);
    request.on("response", (response) => {
      answer = response;
      resolve(response);
    });
    request.on("error", (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (error instanceof LocalNameError) reject(invalidResponse(subject, connection.quote(error.message)));
      else reject(connectionFailure(error, subject, connection));
    });
    // The agent would pass the proxy's refusal on as the Hub's response.
    request.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
      if (statusCode === 200) return;
      const error = proxyError(statusCode, subject);
      reject(statusCode >= 500 ? new TemporaryFailure(error) : error);
      request.destroy();
    });
    if (write === undefined) return void request.end();
    const source = write.body.open();
    source.on("error", (error) => {
      // The local file failed, not the network: a retry does not help.
      reject(error);
      request.destroy();
    });
    request.on("close", () => source.destroy());
    source.pipe(request);
  });
}

/** Only errors of the endpoint are final; a storage server may have rejected an expired address. */
function failure(connection: HubConnection, { subject }: HubRequest, url: URL, response: IncomingMessage): Error {
  const { statusCode: status = 0, headers } = response;
  const retryAfterMs = parseRetryAfter(headers["retry-after"], headers.date);
  if (url.origin !== new URL(connection.endpoint).origin) {
    return new TemporaryFailure(storageError(status, subject), retryAfterMs);
  }
  const code = /^\w+$/.exec(String(headers["x-error-code"] ?? ""))?.[0];
  const reason = String(headers["x-error-message"] ?? "");
  const error = statusError({ status, code, reason }, subject, connection);
  if (!temporaryStatus.has(status)) return error;
  if (status === 429 && retryAfterMs !== undefined && retryAfterMs <= connection.limits.maxRetryAfterMs) {
    connection.rateLimiter.pause(retryAfterMs);
  }
  return new TemporaryFailure(error, retryAfterMs);
}
