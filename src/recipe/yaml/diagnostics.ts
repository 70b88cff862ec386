import type { ErrorCode } from "../../util/error-codes.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";

/** Keys and list indexes from the top of a YAML file down to a value. */
export type YamlPath = readonly (string | number)[];

/** One thing wrong with a file, before its place in the text is known. */
export interface Problem {
  path: YamlPath;
  /** Which half of `key: value` is wrong; a list entry has only a value. */
  part: "key" | "value";
  message: string;
  remedy: string;
  /** Where it has a code of its own instead of the file's. */
  code?: ErrorCode;
}

/** One thing wrong with a file, as it is shown. */
export interface Diagnostic {
  code: ErrorCode;
  message: string;
  remedy: string;
  at: SourceLocation;
  /** The source line and below it carets under the text in question; empty when there is no line to show. */
  excerpt: string;
}

/** Everything wrong with one recipe or pipeline file; code, place and remedy are those of the first problem. */
export class RecipeError extends QuantsmithError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]]) {
    const [first] = diagnostics;
    const count = diagnostics.length;
    const summary = count === 1 ? "1 problem" : `${count} problems`;
    super(first.code, `${summary} in ${first.at.file}: ${first.message}`, { remedy: first.remedy, at: first.at });
    this.diagnostics = diagnostics;
  }
}

/** Throws a RecipeError when there is any diagnostic, sorted by place. */
export function throwIfAny(diagnostics: readonly Diagnostic[]): void {
  const [first, ...others] = diagnostics.toSorted(
    (a, b) => (a.at.line ?? 0) - (b.at.line ?? 0) || (a.at.column ?? 0) - (b.at.column ?? 0),
  );
  if (first !== undefined) throw new RecipeError([first, ...others]);
}

/** The diagnostics as text for a terminal: place, code and message, the source line with carets, what to do. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ at, code, message, excerpt, remedy }) => {
      const place = [at.file, at.line, at.column].filter((part) => part !== undefined).join(":");
      const body = [...excerpt.split("\n").filter((line) => line !== ""), remedy];
      return [`${place}: ${message} [${code}]`, ...body.map((line) => `  ${line}`)].join("\n");
    })
    .join("\n\n");
}
