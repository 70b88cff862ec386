import { type Diagnostic, QuantsmithError, type SourceLocation } from "./errors.js";
import { quotedLines } from "./printable.js";
import { redact } from "./redact.js";
import { systemFailure } from "./system-failure.js";

/** An error as data, for JSON output, the event log, worker reports and messages between threads. */
export interface ErrorReport {
  code: QuantsmithError["code"];
  message: string;
  remedy: string;
  at?: SourceLocation;
  /** The last output lines of a native tool. */
  output?: string;
  /** All problems of a file, for an error about a file. */
  problems?: readonly Diagnostic[];
}

/** Returns an error as data, redacted; an unexpected error is a bug and gets the code QS-INTERNAL. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof QuantsmithError) {
    return {
      code: error.code,
      message: redact(error.message),
      remedy: redact(error.remedy),
      ...(error.at === undefined ? {} : { at: { ...error.at, file: redact(error.at.file) } }),
      ...(error.output === undefined ? {} : { output: redact(error.output) }),
      ...(error.problems === undefined ? {} : { problems: error.problems.map(redactProblem) }),
    };
  }
  const failure = systemFailure(error);
  if (failure !== undefined) return { ...failure, message: redact((error as Error).message) };
  return {
    code: "QS-INTERNAL",
    message: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    remedy: "Report this bug in quantsmith with the text above.",
  };
}

function redactProblem(problem: Diagnostic): Diagnostic {
  const { message, remedy, excerpt } = problem;
  return { ...problem, message: redact(message), remedy: redact(remedy), excerpt: redact(excerpt) };
}

/** Returns the error that a report describes. */
export function errorFrom({ code, message, ...details }: ErrorReport): QuantsmithError {
  return new QuantsmithError(code, message, details);
}

/** Returns the exit code of a command that failed with this error. */
export function exitCodeOf(error: unknown): number {
  return errorFrom(errorReport(error)).exitCode;
}

/**
 * Formats an error as lines: place, code and message, the tool's last lines, the remedy. For a file with several
 * problems, formats one paragraph per problem with its source line, then their number.
 */
export function formatError({ problems, ...error }: ErrorReport): string[] {
  if (problems === undefined) return paragraph(error, quotedLines(error.output ?? ""));
  const paragraphs = problems.map((problem) => paragraph(problem, quotedLines(problem.excerpt)));
  const count = problems.length === 1 ? [] : [`${problems.length} problems in ${problems[0]?.at.file}`];
  return [...paragraphs.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines])), ...count];
}

function paragraph({ at, code, message, remedy }: ErrorReport, body: readonly string[]): string[] {
  const place =
    at === undefined ? "" : `${[at.file, at.line, at.column].filter((part) => part !== undefined).join(":")}: `;
  const [first = "", ...more] = message.split("\n");
  return [`${place}${code}: ${first}`, ...quotedLines(more.join("\n")), ...body, `  → ${remedy}`];
}
