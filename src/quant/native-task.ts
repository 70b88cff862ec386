import type { ErrorReport } from "../util/error-report.js";

/** Rows of a file to be read: `count` rows, `stride` apart. */
export interface RowRange {
  path: string;
  /** Where the first row starts, in bytes from the start of the file. */
  offset: number;
  /** Name of the type in the file. */
  type: string;
  columns: number;
  count: number;
  /** 1 for neighbours; `n` takes every nth row. */
  stride: number;
  /** One weight per column for all of the rows. */
  importance?: Float32Array | undefined;
}

/**
 * Work for one thread. `quantize` gives the rows in type `to`. `round-trip` gives them in their own type
 * after a detour through `to`. `errors` compares them with each of `types`. `validate` looks for values that are no
 * numbers, scales that are not finite and codes outside their grid.
 */
export type NativeTask =
  | { kind: "quantize"; rows: RowRange; to: string }
  | { kind: "round-trip"; rows: RowRange; to: string }
  | { kind: "errors"; rows: RowRange; types: readonly string[] }
  | { kind: "validate"; rows: RowRange };

/** Sums over rows of h(w' - w)^2 per type, and of h w^2, with h the importance or 1. */
export interface ErrorSums {
  errors: number[];
  norm: number;
}

export interface RowVerdict {
  valid: boolean;
}

export interface NativeResults {
  quantize: Uint8Array<ArrayBuffer>;
  "round-trip": Uint8Array<ArrayBuffer>;
  errors: ErrorSums;
  validate: RowVerdict;
}

/** What a worker answers, before the kind of its task says which. */
export type AnyResult = NativeResults[keyof NativeResults];

/** What a worker sends back; an error loses its class on the way between threads and travels as data. */
export type NativeReply = { result: AnyResult } | { failure: ErrorReport };
