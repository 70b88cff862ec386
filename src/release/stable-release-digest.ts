import { canonicalJson, type Json } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import type { RunReport } from "./release-report.js";

/**
 * sha256 over what `release.json` says of the release, leaving out what differs between equal releases: how the steps of
 * the run went, and how fast the model was on that machine. The provenance, which SHA256SUMS covers, holds it.
 */
export function stableReleaseDigest({ steps: _steps, variants, ...rest }: RunReport): string {
  const stable = {
    ...rest,
    variants: variants.map(({ smoke, ...variant }) => ({
      ...variant,
      smoke: smoke === null ? null : { passed: smoke.passed, failed: smoke.failed },
    })),
  };
  // Through JSON, as the file goes: members that are undefined are not there.
  return sha256(canonicalJson(JSON.parse(JSON.stringify(stable)) as Json));
}
