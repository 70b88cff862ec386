import type { ErrorReport } from "../util/error-report.js";

/** Rows to read from a file: `count` rows, `stride` apart. */
export interface RowRange {
  path: string;
  /** Start of the first row, in bytes from the start of the file. */
  offset: number;
  /** Name of the type in the file. */
  type: string;
  columns: number;
  count: number;
  /** 1 for consecutive rows; `n` for every nth row. */
  stride: number;
  /** One weight per column, for all rows. */
  importance?: Float32Array | undefined;
  /** The tensor's name and the index of the first value in it, for errors. */
  tensor?: { name: string; index: number };
}

/**
 * A task of one thread. `quantize` returns the rows in type `to`. `round-trip` returns them in their own type after
 * conversion to `to` and back. `errors` compares them with each of `types`. `validate` checks for non-finite values and
 * scales and for codes outside their grid.
 */
export type NativeTask =
  | { kind: "quantize"; rows: RowRange; to: string }
  | { kind: "round-trip"; rows: RowRange; to: string }
  | { kind: "errors"; rows: RowRange; types: readonly string[] }
  | { kind: "validate"; rows: RowRange };

/** Sums over rows of h (w' - w)^2 by type, and of h w^2, where h is the importance or 1. */
export interface ErrorSums {
  errors: number[];
  norm: number;
}

export interface RowValidity {
  valid: boolean;
}

export interface NativeResults {
  quantize: Uint8Array<ArrayBuffer>;
  "round-trip": Uint8Array<ArrayBuffer>;
  errors: ErrorSums;
  validate: RowValidity;
}

/** The result of a task of unknown kind. */
export type AnyResult = NativeResults[keyof NativeResults];

/** The reply of a worker. An error is sent as data, because messages between threads lose its class. */
export type NativeReply = { result: AnyResult } | { failure: ErrorReport };
