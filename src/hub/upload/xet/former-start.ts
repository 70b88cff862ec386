import { fileAddress } from "../../address.js";
import type { HubConnection } from "../../connection.js";
import type { Subject } from "../../hub-error.js";
import { readBody } from "../../read-body.js";
import { get } from "../../request.js";
import { retry } from "../../retry-policy.js";
import { maxChunkBytes } from "./chunks-of.js";

/**
 * Returns the start of the file on main that an upload will replace, whose first chunk leads to all its others; undefined
 * without such a file. A failure has no other effect than that more is sent.
 */
export async function formerStart(
  connection: HubConnection,
  { repo, path }: { repo: string; path: string },
  subject: Subject,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const url = fileAddress(connection.endpoint, repo, "main", path);
  const headers = { range: `bytes=0-${maxChunkBytes - 1}`, "accept-encoding": "identity" };
  try {
    return await retry(connection.limits, signal, async () =>
      readBody(await get(connection, { url, headers, subject, signal }), maxChunkBytes, subject),
    );
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
