// biome-ignore-all lint/plugin: the only file that writes to the terminal, besides the live list
import { Console } from "node:console";
import { Writable } from "node:stream";
import { errorReport, formatError } from "../util/error-report.js";
import { printableJson, printableLine, quotedLines } from "../util/printable.js";

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
  // Without a size, a terminal has 0 columns.
  const wrapped = (line: string) => (stream.isTTY && stream.columns > 0 ? wrapLine(line, stream.columns) : [line]);
  stream.write(
    [lines]
      .flat()
      .flatMap((line) => wrapped(printableLine(line)))
      .map((line) => `${line}\n`)
      .join(""),
  );
}

/**
 * Breaks a printable line at blanks so that it fits the terminal; a command in backticks and a long word stay whole. Also the new
 * lines are printable: a CI log takes `::` at the start of one for a command.
 */
export function wrapLine(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const [indent = ""] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = "";
  for (const [part] of line.matchAll(/\s*(?:`[^`]*`|[^\s`]|`)+/g)) {
    if (current === "" || current.length + part.length <= columns) current += part;
    else {
      lines.push(current);
      current = printableLine(indent + part.trimStart());
    }
  }
  return [...lines, current];
}

/** Prepares the output of a command, first of all. `onFailure` gets the error of a stream that cannot be written. */
export function prepareOutput(onFailure: (error: Error) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    // The reader may close the pipe (`quantsmith types | head`); the command continues without output.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") onFailure(error);
    });
  }
  // Libraries print texts from outside, too, such as the source line of a YAML warning.
  const noteText = (text: string) => note(quotedLines(text));
  globalThis.console = new Console(
    new Writable({ write: (text, _encoding, done) => done(void noteText(String(text))) }),
  );
  // Without a listener, Node shows no warnings (`NODE_NO_WARNINGS`).
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => noteText(`${name}: ${message}`));
}

/** Returns whether the live list can be drawn. */
export function isInteractive(): boolean {
  return process.stdout.isTTY && !process.env.CI && process.env.TERM !== "dumb";
}

/** Returns the terminal's size in characters. */
export function terminalSize(): { rows: number; columns: number } {
  const { rows, columns } = process.stdout;
  return { rows: rows || 24, columns: columns || 80 };
}

export function printJson(document: unknown): void {
  process.stdout.write(`${printableJson(document, 2)}\n`);
}

/** Prints an error: with --json as `{ error }` and `more` on standard output, else formatted on standard error. */
export function printError(error: unknown, asJson: boolean, more: object = {}): void {
  if (asJson) printJson({ ...more, error: errorReport(error) });
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
