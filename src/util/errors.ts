import { type ErrorCode, errorCodes } from "./error-codes.js";

/** A place in a text file; `line` and `column` count from 1. */
export interface SourceLocation {
  file: string;
  line?: number;
  column?: number;
}

/** One problem of a file. */
export interface Diagnostic {
  code: ErrorCode;
  message: string;
  remedy: string;
  at: SourceLocation;
  /** The source line and a line of carets under the affected text; empty without a source line. */
  excerpt: string;
}

export interface ErrorDetails {
  /** What the user can do, one or two sentences. */
  remedy: string;
  /** The place in the user's file. */
  at?: SourceLocation;
  /** The last output lines of a native tool, redacted. */
  output?: string;
  /** All problems of a file, for an error about a file. */
  problems?: readonly Diagnostic[];
  cause?: unknown;
}

/**
 * The error type of all expected failures, with a permanent code from `error-codes.ts`. Any other error that reaches
 * the command line is a bug (exit code 1).
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

  /** Process exit code; docs/errors.md lists the codes. */
  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/** Returns whether an error says that a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error) && error.code === "ENOENT";
}

/** Returns whether an error of `openRegular` says that no regular file is at a path; any other may be there, and unreadable now. */
export function isNoFile(error: unknown): boolean {
  return isSystemError(error) && ["ENOENT", "ENXIO", "EISDIR", "ELOOP", "ENOTDIR"].includes(error.code ?? "");
}

/** Returns whether an error is a Node system error such as ENOENT; narrows to its `code`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    !(error instanceof QuantsmithError) &&
    typeof (error as NodeJS.ErrnoException).code === "string"
  );
}
