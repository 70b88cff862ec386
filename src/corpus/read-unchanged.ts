import { isSystemError, QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import { sha256 } from "../util/sha256.js";
import { systemFailure } from "../util/system-failure.js";
import { systemReason } from "../util/system-reason.js";

/** Texts are read into memory, and evaluations use a few megabytes; a larger file is a mistake. */
export const maxTextBytes = 500e6;

/**
 * Reads a text or a picture and verifies its sha256, if known. Results are cached under that digest, so a changed file would
 * corrupt the cache. Throws QS-INPUT-CHANGED, also for a file that can no longer be read.
 */
export async function readUnchanged(path: string, digest: string | undefined): Promise<Uint8Array> {
  const bytes = await readRegular(path, maxTextBytes).catch((cause: unknown) => {
    const isGone = isSystemError(cause) && systemFailure(cause)?.code === "QS-ENV-FILE";
    throw isGone || cause instanceof RangeError ? changed(path, `: ${systemReason(cause)}`, cause) : cause;
  });
  if (digest === undefined || sha256(bytes) === digest) return bytes;
  throw changed(path);
}

function changed(path: string, reason = "", cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-INPUT-CHANGED", `${path} changed during the run${reason}`, {
    remedy: "Run again to use the new file.",
    at: { file: path },
    cause,
  });
}
