import { stat } from "node:fs/promises";
import { join } from "node:path";
import { checksumsFile, parseChecksums } from "../../release/checksums.js";
import type { RunReport } from "../../release/release-report.js";
import { filesWithoutChecksum } from "../../release/verify/check-files.js";
import { parseRelease } from "../../release/verify/parse-release.js";
import { maxTextBytes } from "../../release/verify/release-source.js";
import { verifyFolder } from "../../release/verify/verify-folder.js";
import { rebuildRemedy } from "../../release/verify/verify-report.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { listFiles } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";

/**
 * Verifies a release folder before it is published; it must contain no other files. Returns its `release.json` and
 * whether its signature is valid. Errors: QS-PUBLISH-RELEASE with the first problem, QS-VERIFY-TARGET.
 */
export async function checkRelease(
  folder: string,
  signal: AbortSignal,
): Promise<{ report: RunReport; isSigned: boolean }> {
  const { problems, signature } = await verifyFolder(folder, signal);
  const [first, ...others] = problems.filter(({ severity }) => severity === "error");
  if (first !== undefined) {
    const more = others.length === 0 ? "" : `, and ${others.length} more in \`quantsmith verify\``;
    fail(folder, `${first.message} (${first.code}${more})`, first.remedy);
  }
  const listed = await readChecksums(folder);
  const stray = (await listFiles(folder)).find((file) => !listed.has(file) && !filesWithoutChecksum.includes(file));
  if (stray !== undefined) fail(folder, `${stray} is not listed in SHA256SUMS`, "Delete the file.");
  const report = parseRelease(String(await readRegular(join(folder, "release.json"))));
  return typeof report === "string"
    ? fail(folder, `release.json: ${report}`)
    : { report, isSigned: signature?.ok === true };
}

/** Requires regular files, since opening a pipe blocks. Errors: QS-PUBLISH-RELEASE. */
export async function requireRegular(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() !== true) fail(folder, `${path} is not a regular file`, "Delete it.");
  }
}

/** Requires that files without a checksum are small, before they are hashed. Errors: QS-PUBLISH-RELEASE. */
export async function requireSmall(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const { size } = await stat(join(folder, path));
    if (size > maxTextBytes) fail(folder, `${path} is not in SHA256SUMS and has ${formatBytes(size)}`, "Delete it.");
  }
}

/** Reads SHA256SUMS, path to sha256. Errors: QS-PUBLISH-RELEASE if it is missing, empty or too large. */
export async function readChecksums(folder: string): Promise<Map<string, string>> {
  const path = join(folder, checksumsFile);
  const found = await stat(path).catch(() => undefined);
  const isReadable = found?.isFile() === true && found.size <= maxTextBytes;
  const listed = parseChecksums(isReadable ? await readRegular(path).then(String, () => "") : "").files;
  if (listed.size === 0) fail(folder, "SHA256SUMS is missing, empty or too large");
  return listed;
}

function fail(folder: string, reason: string, remedy = rebuildRemedy): never {
  throw new QuantsmithError("QS-PUBLISH-RELEASE", `${folder} cannot be published: ${reason}`, {
    remedy,
    at: { file: folder },
  });
}
