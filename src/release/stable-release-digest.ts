import { canonicalJson, type Json } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import type { RunReport } from "./release-report.js";

/**
 * Returns the sha256 of the reproducible part of `release.json`: everything but the steps of the run and the speed of the
 * smoke test. The provenance, which SHA256SUMS covers, stores it.
 */
export function stableReleaseDigest({ steps: _steps, variants, ...rest }: RunReport): string {
  const stable = {
    ...rest,
    variants: variants.map(({ smoke, ...variant }) => ({
      ...variant,
      smoke: smoke === null ? null : { passed: smoke.passed, failed: smoke.failed },
    })),
  };
  // Round trip through JSON: the file has no undefined members.
  return sha256(canonicalJson(JSON.parse(JSON.stringify(stable)) as Json));
}
