import { isSystemError, QuantsmithError } from "../util/errors.js";
import { redact } from "../util/redact.js";
import type { ErrorReport } from "./events.js";

/** An error as data, redacted; anything that is not a QuantsmithError is a bug and gets the code QS-INTERNAL. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof QuantsmithError) {
    return {
      code: error.code,
      message: redact(error.message),
      remedy: error.remedy,
      ...(error.at === undefined ? {} : { at: error.at }),
      ...(error.output === undefined ? {} : { output: error.output }),
    };
  }
  if (isSystemError(error) && error.path !== undefined) {
    return {
      code: "QS-ENV-FILE",
      message: redact(error.message),
      remedy: "Check that the path exists, that its permissions let you read or write it, and that the disk has room.",
    };
  }
  return {
    code: "QS-INTERNAL",
    message: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    remedy: "This is a bug in quantsmith. Please report it with this text.",
  };
}
