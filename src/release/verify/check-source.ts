import { canonicalJson } from "../../util/canonical-json.js";
import { lockedCommand, lockFileName, provenanceFile } from "../provenance.js";
import type { Provenance } from "../read-provenance.js";
import type { RunReport } from "../release-report.js";
import type { ReleaseLock } from "./read-lock.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

type Claim = string | null | undefined;

/**
 * Compares recipe, source and commit in `release.json` with the lock file and the provenance, whose command is for that recipe,
 * and the copy of the lock file in the provenance with the file. A claim that a file lacks is not compared.
 */
export function checkSource(
  { recipe, model }: RunReport,
  lock: ReleaseLock | undefined,
  provenance: Provenance | undefined,
): VerifyProblem[] {
  const found = provenance?.source;
  const claims: [string, Claim, Claim, Claim][] = [
    ["recipe", recipe, lock?.recipe, found?.recipe],
    ["model", model.name, lock?.model?.name, undefined],
    ["source", model.source, lock?.model?.source, found?.source],
    ["commit", model.commit, lock?.model?.commit, found?.revision],
    ["command", lockedCommand(recipe), undefined, found?.command],
  ];
  const other = (what: string, here: Claim, there: Claim) =>
    there === undefined || there === here
      ? []
      : [`has the ${what} ${there} instead of ${here} ${what === "command" ? "for its recipe" : "in release.json"}`];
  const inLock = claims.flatMap(([what, here, there]) => other(what, here, there));
  const inProvenance = claims.flatMap(([what, here, , there]) => other(what, here, there));
  const copy = provenance?.lock;
  const isCopy = lock === undefined || copy === undefined || canonicalJson(copy) === canonicalJson(lock.data);
  if (!isCopy) inProvenance.push(`has another lock file than ${lockFileName}`);
  return [
    ...inLock.map((what) => errorProblem("QS-VERIFY-FIGURE", lockFileName, `${lockFileName} ${what}`)),
    ...inProvenance.map((what) => errorProblem("QS-VERIFY-PROVENANCE", provenanceFile, `the provenance ${what}`)),
  ];
}
