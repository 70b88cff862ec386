import type { VerifyProblem } from "../release/verify/verify-report.js";
import { errorReport, formatError } from "../util/error-report.js";

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

/** Prints what went wrong: as `{ error }` on standard output with --json, else for people on standard error. */
export function printError(error: unknown, asJson: boolean): void {
  if (asJson) printJson({ error: errorReport(error) });
  else note(formatError(errorReport(error)));
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
