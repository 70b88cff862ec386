import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** Returns the error for a step that read changing inputs. */
export function inputChanged(step: string, file: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-INPUT-CHANGED", `${quote(file)} changed while ${step} was reading it`, {
    remedy: "Run the same command again; it uses the current files.",
    cause,
  });
}
