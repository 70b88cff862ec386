import { canonicalJson, type Json } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import type { RunReport, VariantReport } from "./release-report.js";

/**
 * Returns the sha256 of the reproducible part of `release.json`: everything but the steps of the run and the speed of the
 * smoke test. The provenance, which SHA256SUMS covers, stores it.
 */
export function stableReleaseDigest({ steps: _steps, variants, unreleased, ...rest }: RunReport): string {
  const stable = {
    ...rest,
    variants: variants.map(stableVariant),
    unreleased: unreleased?.map(stableVariant),
  };
  // Round trip through JSON: the file has no undefined members.
  return sha256(canonicalJson(JSON.parse(JSON.stringify(stable)) as Json));
}

function stableVariant({ smoke, ...variant }: VariantReport): object {
  if (smoke === null) return { ...variant, smoke };
  const { passed, failed, problem, answers } = smoke;
  return { ...variant, smoke: { passed, failed, problem, answers } };
}
