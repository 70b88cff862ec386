import { findResolutionProblems, type NamedModel } from "../../release/resolve/find-problems.js";
import { QuantsmithError } from "../../util/errors.js";
import { listFiles } from "../../util/files.js";

/**
 * Refuses a release folder in which a name leads some runtime to another file, or to none. Errors: QS-PACKAGE-NAMES.
 */
export async function requireNames(folder: string, variants: readonly NamedModel[]): Promise<void> {
  const problem = findResolutionProblems(await listFiles(folder), variants).find(
    ({ severity }) => severity === "error",
  );
  if (problem === undefined) return;
  throw new QuantsmithError("QS-PACKAGE-NAMES", `${problem.message} (${problem.code})`, { remedy: problem.remedy });
}
