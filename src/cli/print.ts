import { errorReport } from "../engine/error-report.js";
import type { ErrorReport } from "../engine/events.js";
import { formatDiagnostics, RecipeError } from "../recipe/yaml/diagnostics.js";

import type { VerifyProblem } from "../release/verify/verify-report.js";
import { errorCodes } from "../util/error-codes.js";
import { QuantsmithError } from "../util/errors.js";

/** Writes a line to standard output: results. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a line to standard error: everything that is not the result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(document: unknown): void {
  print(JSON.stringify(document, null, 2));
}

/** Exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof QuantsmithError) return error.exitCode;
  return errorReport(error).code === "QS-ENV-FILE" ? errorCodes["QS-ENV-FILE"].exit : 1;
}

/** An error as JSON output shows it: with every problem of a recipe, not only the first. */
export function errorDocument(error: unknown): ErrorReport & { problems?: unknown[] } {
  const report = errorReport(error);
  return error instanceof RecipeError ? { ...report, problems: [...error.diagnostics] } : report;
}

/** Prints what went wrong: as `{ error }` on standard output with --json, else for people on standard error. */
export function printError(error: unknown, asJson: boolean): void {
  if (asJson) printJson({ error: errorDocument(error) });
  else if (error instanceof RecipeError) note(`${formatDiagnostics(error.diagnostics)}\n${error.message}`);
  else note(formatError(errorReport(error)));
}

/** Place, code and message; the tool's last lines; the remedy. */
export function formatError({ code, message, remedy, at, output }: ErrorReport): string {
  const place =
    at === undefined ? "" : `${[at.file, at.line, at.column].filter((part) => part !== undefined).join(":")}: `;
  const lines = [`${place}${code}: ${message}`];
  if (output !== undefined && output !== "") lines.push(...output.split("\n").map((line) => `  | ${line}`));
  return [...lines, `  → ${remedy}`].join("\n");
}

/** What verifying a release has found, one entry each. */
export function problemLines(problems: readonly VerifyProblem[]): string[] {
  return problems.map(({ code, severity, message, remedy }) => `${severity}: ${code}: ${message}\n  → ${remedy}`);
}

/** At most so many characters of a text, with an ellipsis where it was cut. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Columns padded to their widest cell; numbers are not aligned specially. */
export function textTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(titles), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}
