import type { VerifyProblem } from "../release/verify/verify-report.js";
import { errorReport, formatError } from "../util/error-report.js";

/** Writes a result to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a line to standard error, such as progress and notes. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(document: unknown): void {
  print(JSON.stringify(document, null, 2));
}

/** Prints an error: with --json as `{ error }` on standard output, else formatted on standard error. */
export function printError(error: unknown, asJson: boolean): void {
  if (asJson) printJson({ error: errorReport(error) });
  else note(formatError(errorReport(error)));
}

/** Formats the problems of a verified release, one entry per problem. */
export function problemLines(problems: readonly VerifyProblem[]): string[] {
  return problems.map(({ code, severity, message, remedy }) => `${severity}: ${code}: ${message}\n  → ${remedy}`);
}

/** Cuts a text to a maximum length in characters, with an ellipsis at the cut. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Formats a table with columns padded to their widest cell; numbers are left-aligned, too. */
export function textTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(titles), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}
