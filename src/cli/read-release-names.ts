import { join } from "node:path";
import type { ReleaseNames } from "../hardware/fit/find-models.js";
import { parseRelease } from "../release/verify/parse-release.js";
import { maxTextBytes } from "../release/verify/release-source.js";
import { isMissing, QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import { systemReason } from "../util/system-reason.js";

/** Reads names and quality from the release.json of a folder; null without one. Errors: QS-FIT-RELEASE. */
export async function readReleaseNames(folder: string): Promise<ReleaseNames | null> {
  const file = join(folder, "release.json");
  const text = await readRegular(file, maxTextBytes).then(String, (cause: unknown) => {
    if (isMissing(cause)) return null;
    throw invalid(file, systemReason(cause));
  });
  const report = text === null ? null : parseRelease(text);
  if (typeof report === "string") throw invalid(file, report);
  return report;
}

function invalid(file: string, reason: string): QuantsmithError {
  return new QuantsmithError("QS-FIT-RELEASE", `${file} is not a release report: ${reason}`, {
    remedy: "Build the release again with `quantsmith run`, or pass its GGUF files.",
    at: { file },
  });
}
