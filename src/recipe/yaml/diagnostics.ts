import type { ErrorCode } from "../../util/error-codes.js";
import { type Diagnostic, QuantsmithError } from "../../util/errors.js";

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

/** Everything wrong with one recipe or pipeline file; code, place and remedy are those of the first problem. */
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

/** Throws a RecipeError when there is any diagnostic, sorted by place. */
export function throwIfAny(diagnostics: readonly Diagnostic[]): void {
  const [first, ...others] = diagnostics.toSorted(
    (a, b) => (a.at.line ?? 0) - (b.at.line ?? 0) || (a.at.column ?? 0) - (b.at.column ?? 0),
  );
  if (first !== undefined) throw new RecipeError([first, ...others]);
}
