/** One file of a repository at one commit. */
export interface HubFile {
  path: string;
  bytes: number;
  /** `sha256:<hex>` for files in large-file storage, `git-sha1:<hex>` (blob id) for the others. */
  digest: string;
  /** Git's blob id; for large files, that of the pointer file. */
  blobId: string;
  /** The Hub's Xet content id of a large file, if listed. */
  xetHash?: string;
}

/** Returns true for a relative path that stays inside the folder it is joined to, on every operating system. */
export function isSafePath(path: string): boolean {
  const parts = path.split("/");
  return (
    path.length <= 4096 &&
    parts.every(
      (part) =>
        part !== "" &&
        part !== "." &&
        part !== ".." &&
        Buffer.byteLength(part) <= 255 &&
        !/[\p{Cc}\\]/u.test(part) &&
        !/^[A-Za-z]:/.test(part),
    )
  );
}

/** Returns true for a full commit id. */
export function isCommit(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}
