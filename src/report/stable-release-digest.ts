import { canonicalJson, type Json, type JsonObject } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import type { RunReport } from "./run-report.js";

/**
 * sha256 of everything in `release.json` that two runs of one recipe agree on: all but `steps`, which tell what was
 * built this time and in how many seconds, and the speed of smoke tests. `release.json` cannot stand in SHA256SUMS for
 * the sake of these; the provenance, which does, holds this digest instead. Order of keys and white space do not count.
 */
export function stableReleaseDigest(report: RunReport): string {
  const { steps: _steps, variants, ...stable } = report;
  return sha256(canonicalJson({ ...toJson(stable), variants: variants.map(withoutSpeed) }));
}

function withoutSpeed({ smoke, ...variant }: RunReport["variants"][number]): JsonObject {
  if (smoke === null || smoke === undefined) return toJson({ ...variant, smoke: null });
  const { speed: _speed, ...verdict } = smoke;
  return toJson({ ...variant, smoke: verdict });
}

/** Through text, as it stands in the file: what JSON leaves out or rounds is so in both. */
function toJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as { [key: string]: Json };
}
