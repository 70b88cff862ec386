/** One file of a repository at one commit. */
export interface HubFile {
  path: string;
  bytes: number;
  /** `sha256:<hex>` for files in large-file storage, `git-sha1:<hex>` (blob id) for the others. */
  digest: string;
  /** Git's blob id, which for large files is that of a pointer. */
  blobId: string;
  /** The Hub's own content id of large files, where it tells one. */
  xetHash?: string;
}

/** True for a path that stays inside any folder it is joined to, on every system. */
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

/** True for a full commit id. */
export function isCommit(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}
