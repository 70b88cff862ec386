import { basename } from "node:path";
import { QuantsmithError } from "../util/errors.js";

/** What a header can break. Stands in the message, so that a report names the exact check. */
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
  | "tensor-overlap";

/** The header breaks a rule; `offset` is where the offending field starts, in bytes from the start of the file. */
export function invalidGguf(
  path: string,
  rule: GgufRule,
  offset: number,
  what: string,
  remedy = "Do not load this file with any program. Make it again, or download it again from a source you trust.",
): QuantsmithError {
  return new QuantsmithError(
    "QS-GGUF-INVALID",
    `${basename(path)} is not a valid GGUF file: ${what} (rule ${rule}, byte ${offset})`,
    { remedy, at: { file: path } },
  );
}

/** The file ends too early; `neededBytes` is the least size the header asks for. */
export function truncatedGguf(path: string, fileBytes: number, neededBytes: number, what: string): QuantsmithError {
  return new QuantsmithError(
    "QS-GGUF-TRUNCATED",
    `${basename(path)} is cut off: ${what} needs the file to have at least ${neededBytes} bytes, it has ${fileBytes}`,
    {
      remedy: "The file was not written or downloaded completely. Make it again or download it again.",
      at: { file: path },
    },
  );
}

/** There is no readable regular file at this path. */
export function missingGguf(path: string, why: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-GGUF-MISSING", `Cannot read ${path}: ${why}`, {
    remedy: "Check the path and the file's permissions.",
    at: { file: path },
    cause,
  });
}
