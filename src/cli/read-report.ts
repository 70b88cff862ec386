import type { RunReport } from "../release/release-report.js";
import { checkChecksum } from "../release/verify/check-files.js";
import { releaseRemedy } from "../release/verify/folder-source.js";
import { parseRelease } from "../release/verify/parse-release.js";
import { maxTextBytes, type ReleaseSource } from "../release/verify/release-source.js";
import { formatBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";

/** Reads the report of a release, with the fields that comparisons and tables show. Errors: QS-VERIFY-TARGET, QS-VERIFY-EDITED. */
export async function readReport(source: ReleaseSource): Promise<RunReport> {
  const listed = (await source.files()).files.find(({ path }) => path === "release.json");
  if (listed === undefined) throw notRelease(source.name, "it contains no release.json");
  if (listed.bytes > maxTextBytes) throw notRelease(source.name, `its release.json has ${formatBytes(listed.bytes)}`);
  const text = await source.text("release.json");
  const report = parseRelease(text);
  if (typeof report === "string") throw notRelease(source.name, `its release.json is invalid: ${report}`);
  const [edited] = checkChecksum(text);
  if (edited === undefined) return report;
  throw new QuantsmithError("QS-VERIFY-EDITED", `${source.name} cannot be used: ${edited.message}`, {
    remedy: edited.remedy,
  });
}

function notRelease(name: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-VERIFY-TARGET", `${name} cannot be used: ${why}`, {
    remedy: releaseRemedy,
  });
}
