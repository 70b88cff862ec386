import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import * as z from "zod";
import { proxyAgents } from "../../hub/proxy.js";

/** Time for an answer, in milliseconds. */
const timeoutMs = 60_000;
const maxBytes = 64 * 1024;

/** A request to a service that gets a secret. */
export interface ServiceRequest {
  /** Name of the service in messages. */
  service: string;
  url: URL;
  headers: Record<string, string>;
  /** Sent by POST; without it, the request is a GET. */
  body?: string;
}

/**
 * Returns a service's JSON answer. Follows no redirect, since the secret is for this address only. Rejects with an Error
 * if the service answers otherwise, too slowly or with too much, or with the reason of `signal`.
 */
export async function requestJson<T>(request: ServiceRequest, answer: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const { service } = request;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await send(request, deadline);
    const content = await text(response);
    if (response.statusCode !== 200 && response.statusCode !== 201) {
      throw new Error(`${service} answers ${response.statusCode}${reasonOf(content)}`);
    }
    return answer.parse(JSON.parse(content));
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw new Error(`${service} does not answer within ${timeoutMs / 1000} seconds`);
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw new Error(`${service} answers nonsense`);
    throw error;
  }
}

function reasonOf(content: string): string {
  try {
    return `: ${z.object({ message: z.string().min(1) }).parse(JSON.parse(content)).message}`;
  } catch {
    return "";
  }
}

async function send({ url, headers, body }: ServiceRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const agent = await proxyAgents(process.env)(url);
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const options = { method, headers, signal, ...(agent === undefined ? {} : { agent }) };
    (url.protocol === "http:" ? http : https).request(url, options, resolve).on("error", reject).end(body);
  });
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
