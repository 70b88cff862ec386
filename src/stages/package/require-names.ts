import { findResolutionProblems, type NamedModel } from "../../release/resolve/find-problems.js";
import { QuantsmithError } from "../../util/errors.js";
import { listFiles } from "../../util/files.js";

/**
 * Throws QS-PACKAGE-NAMES for a release in which a runtime would resolve a variant's name to another file or none.
 */
export async function requireNames(folder: string, variants: readonly NamedModel[]): Promise<void> {
  const problem = findResolutionProblems(await listFiles(folder), variants).find(
    ({ severity }) => severity === "error",
  );
  if (problem === undefined) return;
  throw new QuantsmithError("QS-PACKAGE-NAMES", `${problem.message} (${problem.code})`, { remedy: problem.remedy });
}
