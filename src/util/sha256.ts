import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { openRegular } from "./regular-file.js";

/** Returns the sha256 of text or bytes, 64 lower-case hex digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Returns the sha256 of a file's content, streamed. Rejects as `openRegular`. */
export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const source = (await openRegular(path)).createReadStream({ highWaterMark: 1 << 20 });
  await pipeline(source, hash, signal === undefined ? {} : { signal });
  return hash.digest("hex");
}
