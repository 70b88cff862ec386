import type { VerifyCode, VerifyProblem } from "./verify-report.js";

/** Codes that explain all other problems of the same file, in order of precedence. */
const causes: readonly VerifyCode[] = ["QS-VERIFY-FILE", "QS-VERIFY-MISSING", "QS-VERIFY-HASH", "QS-VERIFY-EXTRA"];

/** Removes errors that follow from a missing, changed or foreign file, so that one fault gives one error. */
export function keepRootCauses(problems: readonly VerifyProblem[]): VerifyProblem[] {
  const causeOf = new Map<string, VerifyProblem>();
  for (const cause of causes) {
    for (const problem of problems) {
      if (problem.code !== cause || problem.severity === "warning" || problem.file === null) continue;
      if (!causeOf.has(problem.file)) causeOf.set(problem.file, problem);
    }
  }
  return problems.filter((problem) => {
    const cause = problem.file === null ? undefined : causeOf.get(problem.file);
    // Name resolution does not depend on the content.
    const follows = problem.severity === "error" && !problem.code.startsWith("QS-RESOLVE-");
    return cause === undefined || !follows || problem === cause;
  });
}
