import { homedir } from "node:os";
import { isAbsolute } from "node:path";
import { QuantsmithError } from "./errors.js";

/**
 * Returns the user's home folder, an absolute path. Errors: QS-ENV-CACHE for a user without one, as in some containers, and
 * for another HOME: programs of the working folder would run from its cache.
 */
export function homeFolder(): string {
  try {
    const home = homedir();
    if (isAbsolute(home)) return home;
  } catch (cause) {
    throw noHome("this user has no home folder, and HOME is not set", cause);
  }
  throw noHome("HOME is not an absolute path");
}

function noHome(message: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-ENV-CACHE", message, {
    remedy: "Set `HOME`, or `QUANTSMITH_CACHE` and `HF_HOME`, to a writable folder.",
    cause,
  });
}
