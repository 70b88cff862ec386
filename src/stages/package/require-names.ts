import { findResolutionProblems, type NamedModel } from "../../hub/resolve/find-problems.js";
import { QuantsmithError } from "../../util/errors.js";

/**
 * Refuses a release in which a name leads some runtime to another file, or to none. `files` are all that will be in it.
 * Errors: QS-PACKAGE-NAMES.
 */
export function requireNames(files: readonly string[], variants: readonly NamedModel[]): void {
  const problem = findResolutionProblems(files, variants).find(({ severity }) => severity === "error");
  if (problem === undefined) return;
  throw new QuantsmithError("QS-PACKAGE-NAMES", `${problem.message} (${problem.code})`, { remedy: problem.remedy });
}
