// biome-ignore-all lint/plugin: the only file that writes to the terminal, besides the live list
import { errorReport, formatError } from "../util/error-report.js";
import { printableJson, printableLine } from "../util/printable.js";

/** One line, or several: a line break within a line is text from outside, and is shown as `\n`. */
export type Lines = string | readonly string[];

/** Writes a result to standard output. */
export function print(lines: Lines): void {
  write(process.stdout, lines);
}

/** Writes lines to standard error, such as progress and notes. */
export function note(lines: Lines): void {
  write(process.stderr, lines);
}

function write(stream: NodeJS.WriteStream, lines: Lines): void {
  stream.write(
    [lines]
      .flat()
      .map((line) => `${printableLine(line)}\n`)
      .join(""),
  );
}

/** Lets a command continue without output if the reader closes the pipe, as in `quantsmith types | head`. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** Returns whether the live list can be drawn. */
export function isInteractive(): boolean {
  return process.stdout.isTTY && !process.env.CI;
}

export function printJson(document: unknown): void {
  print(printableJson(document, 2).split("\n"));
}

/** Prints an error: with --json as `{ error }` on standard output, else formatted on standard error. */
export function printError(error: unknown, asJson: boolean): void {
  if (asJson) printJson({ error: errorReport(error) });
  else note(formatError(errorReport(error)));
}

interface Problem {
  code: string;
  severity?: string;
  message: string;
  remedy: string;
}

/** Formats problems of a file or a release, two lines each. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.flatMap(({ code, severity, message, remedy }) => [
    `${severity === undefined ? "" : `${severity}: `}${code}: ${message}`,
    `  → ${remedy}`,
  ]);
}

/** Cuts a text to a maximum length in characters, with an ellipsis at the cut. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Formats a table, one line a row, with columns padded to their widest cell; numbers are left-aligned, too. */
export function textTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(printableLine));
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(titles), line(widths.map((width) => "─".repeat(width))), ...cells.map(line)];
}
