import { isDeepStrictEqual } from "node:util";
import type { RunReport } from "../../release/release-report.js";
import { QuantsmithError } from "../../util/errors.js";

/**
 * Returns a hook `onRelease` that throws QS-PUBLISH-RELEASE if the folder's release has other variants than a run's, since
 * another run has replaced it.
 */
export function requireVariantsOf(run: RunReport): (found: RunReport) => void {
  return (found) => {
    if (isDeepStrictEqual(passed(found), passed(run))) return;
    throw new QuantsmithError("QS-PUBLISH-RELEASE", `another run has replaced the release ${run.release}`, {
      remedy: "Run the same command again; it continues from the finished steps.",
    });
  };
}

const passed = ({ variants }: RunReport) =>
  variants.flatMap(({ name, sha256, gate }) => (gate === "passed" ? [`${name} ${sha256}`] : [])).sort();
