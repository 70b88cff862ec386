import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ContentDigest } from "./digest.js";
import { HashFollower } from "./download/hash-follower.js";

/** Files up to this size are hashed where we are; starting a thread takes longer. */
export const smallBytes = 8 * 2 ** 20;

/** The digest of a finished file's content, in hex. Throws Node's error for the file, or the abort reason. */
export async function hashFile(
  path: string,
  bytes: number,
  digest: ContentDigest,
  signal: AbortSignal,
): Promise<string> {
  if (bytes <= smallBytes) {
    return createHash(digest.algorithm)
      .update(digest.prefix)
      .update(await readFile(path))
      .digest("hex");
  }
  const follower = new HashFollower(path, bytes, digest);
  try {
    follower.advance(bytes);
    return await follower.digest(signal);
  } finally {
    await follower.stop();
  }
}
