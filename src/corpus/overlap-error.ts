import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import type { Overlap } from "./find-overlap.js";

/**
 * Returns QS-TEXT-OVERLAP with both places; `at` is the recipe's line, by default the second text's. The passage is not
 * shown: a recipe of others can name any text of the user, and a log may be public.
 */
export function overlapError({ first, second }: Overlap, at?: SourceLocation): QuantsmithError {
  const place = ({ text, line }: Overlap["first"]) => `the ${text.use} text (${text.name}, line ${line})`;
  return new QuantsmithError("QS-TEXT-OVERLAP", `${place(second)} repeats ${place(first)}`, {
    remedy: "Use different texts for calibration, search and evaluation: metrics on a reused text are biased.",
    at: at ?? { file: second.text.path, line: second.line },
  });
}
