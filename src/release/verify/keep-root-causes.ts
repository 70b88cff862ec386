import type { VerifyCode, VerifyProblem } from "./verify-report.js";

/** What a file can have that explains everything else about it, the first before the later ones. */
const causes: readonly VerifyCode[] = ["QS-VERIFY-FILE", "QS-VERIFY-MISSING", "QS-VERIFY-HASH", "QS-VERIFY-EXTRA"];

/** One fault, one error: leaves out what only follows from a file's being absent, another, or not of the release. */
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
    // What a name leads runtimes to has nothing to do with the content.
    const follows = problem.severity === "error" && !problem.code.startsWith("QS-RESOLVE-");
    return cause === undefined || !follows || problem === cause;
  });
}
