import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { lstatIfPresent } from "../../util/files.js";
import { systemReason } from "../../util/system-reason.js";

const wrongKinds = ["EISDIR", "ENOTDIR", "EEXIST", "ENOTEMPTY", "ENXIO", "ERR_FS_EISDIR"];

/** Throws QS-ENV-CACHE if a folder is at the path of a file of the cache; anything else there is replaced. */
export async function requireNoFolder(path: string): Promise<void> {
  if ((await lstatIfPresent(path))?.isDirectory() === true) throw wrongKind(path, "it is a folder");
}

/** Returns a coded error for a full disk, and for a file in place of a folder or vice versa; any other error as it is. */
export function cacheError(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return new QuantsmithError("QS-DISK-FULL", "the disk became full during a download", {
      remedy:
        "Free disk space or set another folder, with `HF_HUB_CACHE` or for a queue with `maxDisk` by `--out`. Then run again.",
      cause: error,
    });
  }
  if (error.path === undefined || !wrongKinds.includes(error.code ?? "")) return error;
  const { path, dest } = error as NodeJS.ErrnoException & { path: string; dest?: string };
  return wrongKind(dest ?? path, error.code === "EEXIST" ? "it is not a folder" : systemReason(error), error);
}

/** The error for something that is not replaced. */
export function wrongKind(path: string, reason: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-ENV-CACHE", `cannot write ${path} in the Hugging Face cache: ${reason}`, {
    remedy: "Remove it or move it away, or set `HF_HUB_CACHE` to another folder, then run again.",
    cause,
  });
}
