/** How the content of a Hub file is identified. */
export interface ContentDigest {
  algorithm: "sha256" | "sha1";
  /** Lower-case hex; also the file's name among the cache's blobs. */
  hex: string;
  /** What is hashed before the content: git hashes a blob with a header. */
  prefix: string;
}

/** Reads `sha256:<hex>` of large-file storage or `git-sha1:<hex>` of git for a file of this many bytes. */
export function parseDigest(digest: string, bytes: number): ContentDigest {
  const match = /^(sha256:([0-9a-f]{64})|git-sha1:([0-9a-f]{40}))$/.exec(digest);
  if (match?.[2] !== undefined) return { algorithm: "sha256", hex: match[2], prefix: "" };
  if (match?.[3] !== undefined) return { algorithm: "sha1", hex: match[3], prefix: `blob ${bytes}\0` };
  throw new Error(`${digest} is no digest of a Hub file`);
}
