import { type ErrorCode, errorCodes } from "./error-codes.js";

/** A place in a text file; `line` and `column` count from 1. */
export interface SourceLocation {
  file: string;
  line?: number;
  column?: number;
}

/** One fault of a file, as it is shown. */
export interface Diagnostic {
  code: ErrorCode;
  message: string;
  remedy: string;
  at: SourceLocation;
  /** The source line and below it carets under the text in question; empty when there is no line to show. */
  excerpt: string;
}

export interface ErrorDetails {
  /** What the user can do about it, one or two sentences. */
  remedy: string;
  /** Where in the user's own files it stands. */
  at?: SourceLocation;
  /** The last lines a native tool printed, already redacted. */
  output?: string;
  /** Every fault of the file, where the error is about one. */
  problems?: readonly Diagnostic[];
  cause?: unknown;
}

/**
 * The one error type of the project: every expected failure is thrown as this, with a permanent
 * code from `error-codes.ts`. Anything else that reaches the command line is a bug (exit code 1).
 */
export class QuantsmithError extends Error {
  override readonly name = "QuantsmithError";
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly at: SourceLocation | undefined;
  readonly output: string | undefined;
  readonly problems: readonly Diagnostic[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.at = details.at;
    this.output = details.output;
    this.problems = details.problems;
  }

  /** Process exit code for this failure; the codes are listed in docs/errors.md. */
  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/** True for a Node system error such as ENOENT; narrows to its `code`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    !(error instanceof QuantsmithError) &&
    typeof (error as NodeJS.ErrnoException).code === "string"
  );
}
