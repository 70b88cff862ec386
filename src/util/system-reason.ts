import { basename } from "node:path";
import { quote } from "./quote.js";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "not a folder",
  EISDIR: "it is a folder",
  ERR_FS_EISDIR: "it is a folder",
  ENXIO: "it is not a regular file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "read-only file system",
  ENOSPC: "no space left on the disk",
  EDQUOT: "disk quota exceeded",
  EFBIG: "file size limit exceeded",
  EBUSY: "in use, or a mount point",
};

/** Returns the reason of a system error without the path, which the message has already; for other errors their text. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isForeignName(error)) {
    const name = basename((error as NodeJS.ErrnoException).path ?? "");
    return `the name ${quote(name)} has bytes that are not UTF-8; rename or move the file or folder`;
  }
  return reasons[(error as NodeJS.ErrnoException).code ?? ""] ?? error.message;
}

/** Whether a listed file is not found under its name, since Node.js replaces bytes of it that are not UTF-8. */
export function isForeignName(error: unknown): boolean {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  return code === "ENOENT" && path?.includes("\ufffd") === true;
}
