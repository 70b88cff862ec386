import { basename } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** Rules for a header. The message contains the rule as a check, so that a bug report names the failed check. */
export type GgufRule =
  | "magic"
  | "version"
  | "byte-order"
  | "header-size"
  | "key-value-count"
  | "key"
  | "duplicate-key"
  | "value-type"
  | "bool"
  | "utf-8"
  | "string-length"
  | "array-length"
  | "array-nesting"
  | "architecture"
  | "alignment"
  | "tensor-count"
  | "tensor-name"
  | "duplicate-tensor"
  | "dimensions"
  | "tensor-size"
  | "tensor-type"
  | "row-size"
  | "offset-alignment"
  | "offset-range"
  | "tensor-overlap"
  | "tensor-gap";

/** The header breaks a rule; `offset` is the start of the offending field, in bytes from the start of the file. */
export function invalidGguf(
  path: string,
  rule: GgufRule,
  offset: number,
  what: string,
  remedy = "Do not load this file. Create or download it again from a source you trust.",
): QuantsmithError {
  return new QuantsmithError(
    "QS-GGUF-INVALID",
    `${quote(basename(path))} is not a valid GGUF file: ${what} (check ${quote(rule)} failed at byte ${offset})`,
    { remedy, at: { file: path } },
  );
}

/** The file ends too early; `neededBytes` is the minimum size according to the header. */
export function truncatedGguf(path: string, fileBytes: number, neededBytes: number, what: string): QuantsmithError {
  return new QuantsmithError(
    "QS-GGUF-TRUNCATED",
    `${quote(basename(path))} is truncated: ${what} needs a file of at least ${neededBytes} bytes, found ${fileBytes}`,
    {
      remedy: "Create or download the file again: it is incomplete.",
      at: { file: path },
    },
  );
}

/** The path is not a readable regular file. */
export function missingGguf(path: string, why: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-GGUF-MISSING", `cannot read ${path}: ${why}`, {
    remedy: "Check the path and the file's permissions.",
    at: { file: path },
    cause,
  });
}
