import { homedir } from "node:os";
import { QuantsmithError } from "./errors.js";

/** Returns the user's home folder. Errors: QS-ENV-CACHE for a user without one, as in some containers. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch (cause) {
    throw new QuantsmithError("QS-ENV-CACHE", "this user has no home folder, and HOME is not set", {
      remedy: "Set `HOME`, or `QUANTSMITH_CACHE` and `HF_HOME`, to a writable folder.",
      cause,
    });
  }
}
