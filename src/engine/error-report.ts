import { QuantsmithError } from "../util/errors.js";
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
  return {
    code: "QS-INTERNAL",
    message: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    remedy: "This is a bug in quantsmith. Please report it with this text.",
  };
}
