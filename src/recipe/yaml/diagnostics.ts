import type { ErrorCode } from "../../util/error-codes.js";
import { type Diagnostic, QuantsmithError } from "../../util/errors.js";

/** Keys and list indexes from the top of a YAML file to a value. */
export type YamlPath = readonly (string | number)[];

/** One problem of a file, before its place in the text is determined. */
export interface Problem {
  path: YamlPath;
  /** Which half of `key: value` is wrong; a list entry has only a value. */
  part: "key" | "value";
  message: string;
  remedy: string;
  /** Code of this problem, if it differs from the file's. */
  code?: ErrorCode;
}

/** Removes all text of the file from a problem; its place stays. */
export function withoutText(problem: Diagnostic): Diagnostic {
  const isSyntax = problem.code === "QS-RECIPE-YAML";
  return {
    ...problem,
    message: isSyntax ? "the YAML is not valid at this place" : "the key or value at this place is not valid",
    remedy:
      "Correct the file there. Its text is not shown, because the file is not in the folder or git repository of the one that names it.",
    excerpt: "",
  };
}

/** All problems of one recipe, pipeline or catalog file, with code, place and remedy of the first one. */
export class RecipeError extends QuantsmithError {
  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]]) {
    const [first] = diagnostics;
    const count = diagnostics.length;
    const summary = count === 1 ? "1 problem" : `${count} problems`;
    super(first.code, `${summary} in ${first.at.file}: ${first.message}`, {
      ...{ remedy: first.remedy, at: first.at },
      problems: diagnostics,
    });
  }
}

/** Throws a RecipeError with the diagnostics sorted by place; returns if the list is empty. */
export function throwIfAny(diagnostics: readonly Diagnostic[]): void {
  const [first, ...others] = diagnostics.toSorted(
    (a, b) => (a.at.line ?? 0) - (b.at.line ?? 0) || (a.at.column ?? 0) - (b.at.column ?? 0),
  );
  if (first !== undefined) throw new RecipeError([first, ...others]);
}
