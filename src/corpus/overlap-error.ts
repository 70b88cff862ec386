import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { Overlap } from "./find-overlap.js";

/** QS-TEXT-OVERLAP with both places; `at` is the recipe's line where it is known, else the second text's. */
export function overlapError({ first, second, excerpt }: Overlap, at?: SourceLocation): QuantsmithError {
  const place = ({ text, line }: Overlap["first"]) => `the ${text.use} text (${text.name}, line ${line})`;
  return new QuantsmithError("QS-TEXT-OVERLAP", `${place(second)} repeats ${place(first)}: ${quote(excerpt)}`, {
    remedy: "Give calibration, search and evaluation different texts; a figure on a text already used flatters.",
    at: at ?? { file: second.text.path, line: second.line },
  });
}
