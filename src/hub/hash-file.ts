import { createHash } from "node:crypto";
import { readRegular } from "../util/regular-file.js";
import type { ContentDigest } from "./digest.js";
import { HashFollower } from "./download/hash-follower.js";

/** Files up to this size are hashed in the calling thread, since starting another thread takes longer. */
export const smallBytes = 8 * 2 ** 20;

/** Returns the digest of a complete file, in hex. Throws Node's file error or the abort reason. */
export async function hashFile(
  path: string,
  bytes: number,
  digest: ContentDigest,
  signal: AbortSignal,
): Promise<string> {
  if (bytes <= smallBytes) {
    return createHash(digest.algorithm)
      .update(digest.prefix)
      .update(await readRegular(path))
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
