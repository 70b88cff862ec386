/** Digest that identifies the content of a Hub file. */
export interface ContentDigest {
  algorithm: "sha256" | "sha1";
  /** Lower-case hex; also the name of the blob in the cache. */
  hex: string;
  /** Text hashed before the content: git prepends a header to a blob. */
  prefix: string;
}

/** `sha256:<hex>` (large-file storage) or `git-sha1:<hex>` (git). */
export const digestPattern = /^(sha256:([0-9a-f]{64})|git-sha1:([0-9a-f]{40}))$/;

/** Parses `sha256:<hex>` (large-file storage) or `git-sha1:<hex>` (git) for a file of this many bytes. */
export function parseDigest(digest: string, bytes: number): ContentDigest {
  const match = digestPattern.exec(digest);
  if (match?.[2] !== undefined) return { algorithm: "sha256", hex: match[2], prefix: "" };
  if (match?.[3] !== undefined) return { algorithm: "sha1", hex: match[3], prefix: `blob ${bytes}\0` };
  throw new Error(`${digest} is not a digest of a Hub file`);
}
