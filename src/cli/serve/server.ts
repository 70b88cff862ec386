import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { type Answer, contentOf } from "./answer.js";
import type { Site } from "./site.js";

/** For every answer: no copy on the disk, no address with the token to other sites, no use by their pages. */
const commonHeaders = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** Serves pages on this machine's loopback address; returns the address with the token. Errors: QS-SERVE-PORT. */
export async function startServer(site: Site, port: number): Promise<{ server: Server; address: string }> {
  const token = randomBytes(24).toString("base64url");
  const server = createServer((request, response) => {
    // An interrupted transfer ends the connection; the next request is answered as usual.
    respond(request, response, site, token).catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    const reason = isSystemError(cause) ? ` (${cause.code})` : "";
    throw new QuantsmithError("QS-SERVE-PORT", `cannot serve on port ${port} of 127.0.0.1${reason}`, {
      remedy: "Set another port with `--port`, or omit it to use any free port.",
      cause,
    });
  }
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/` };
}

async function respond(request: IncomingMessage, response: ServerResponse, site: Site, token: string): Promise<void> {
  const { status, headers, body } = await answerTo(request, site, token);
  response.writeHead(status, { ...commonHeaders, ...headers });
  if (request.method === "HEAD") {
    response.end();
    if (typeof body !== "string") await body.file.close();
  } else if (typeof body === "string") response.end(body);
  else await pipeline(contentOf(body), response);
}

async function answerTo({ method, url = "", headers }: IncomingMessage, site: Site, token: string): Promise<Answer> {
  const [path = "", query] = url.split("?", 2);
  const [first, given = "", ...rest] = path.split("/");
  // A page of another site may send requests here under its own name.
  const isLoopback = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/i.test(headers.host ?? "");
  if (!isLoopback || first !== "" || !isEqual(given, token))
    return refusal(403, "Open the address that `quantsmith serve` printed.");
  if (method !== "GET" && method !== "HEAD")
    return { ...refusal(405, "Only GET and HEAD."), headers: { allow: "GET, HEAD" } };
  if (rest.length === 0) return { status: 308, headers: { location: `/${token}/` }, body: "" };
  const root = rest.length === 1 ? "./" : "../".repeat(rest.length - 1);
  const names = decode(rest.at(-1) === "" ? rest.slice(0, -1) : rest);
  if (names === undefined) return refusal(400, "The path is invalid.");
  return site.answer({ path: names, query: new URLSearchParams(query), root });
}

function refusal(status: number, text: string): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${text}\n` };
}

/** Returns the names of a path; undefined if one is not a name. */
function decode(names: readonly string[]): string[] | undefined {
  try {
    const decoded = names.map(decodeURIComponent);
    return decoded.every((name) => /^[^./\\\0][^/\\\0]*$/.test(name)) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the same time for any wrong text. */
function isEqual(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash("sha256").update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
