import { invalidResponse, networkError, type Subject, TemporaryFailure } from "./hub-error.js";
import type { HubResponse } from "./request.js";

/**
 * Reads a small response into memory. Errors: QS-HUB-NETWORK, as TemporaryFailure, if the connection is lost;
 * QS-HUB-ANSWER above `maxBytes`.
 */
export async function readBody({ response }: HubResponse, maxBytes: number, subject: Subject): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw invalidResponse(subject, `the response is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (bytes > maxBytes) throw error;
    throw new TemporaryFailure(networkError(error, subject));
  }
  return Buffer.concat(chunks);
}
