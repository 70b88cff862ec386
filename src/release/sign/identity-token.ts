import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import * as z from "zod";
import { proxyAgents } from "../../hub/proxy.js";

/** Time for the answer of the token service, in milliseconds. */
const timeoutMs = 60_000;
const maxTokenBytes = 64 * 1024;
/** For whom a token of GitHub Actions is. */
const audience = "sigstore";

/** Whether the environment can provide an identity. */
export function hasIdentity(env: NodeJS.ProcessEnv): boolean {
  const { ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SIGSTORE_ID_TOKEN } = env;
  return Boolean(SIGSTORE_ID_TOKEN || (ACTIONS_ID_TOKEN_REQUEST_URL && ACTIONS_ID_TOKEN_REQUEST_TOKEN));
}

/**
 * Returns the OpenID Connect token of the environment: `SIGSTORE_ID_TOKEN`, or the one that GitHub Actions issues for this
 * job. Rejects with an Error if the service answers otherwise, too slowly or with too much, or with the reason of `signal`.
 */
export async function identityToken(signal: AbortSignal, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (env.SIGSTORE_ID_TOKEN) return env.SIGSTORE_ID_TOKEN;
  const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? "");
  url.searchParams.set("audience", audience);
  const headers = { accept: "application/json", authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` };
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await get(url, headers, deadline);
    if (response.statusCode !== 200) throw new Error(`the token service answers ${response.statusCode}`);
    return z.object({ value: z.string().min(1) }).parse(JSON.parse(await text(response))).value;
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw new Error(`the token service does not answer within ${timeoutMs / 1000} seconds`);
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw new Error("its answer contains no token");
    throw error;
  }
}

async function get(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  const agent = await proxyAgents(process.env)(url);
  return new Promise((resolve, reject) => {
    const options = { headers, signal, ...(agent === undefined ? {} : { agent }) };
    (url.protocol === "http:" ? http : https).get(url, options, resolve).on("error", reject);
  });
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxTokenBytes) throw new Error(`the answer is larger than ${maxTokenBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
