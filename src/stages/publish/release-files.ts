import { join } from "node:path";
import { type LocalFile, localFile } from "../../hub/upload/local-file.js";
import type { RunReport } from "../../release/release-report.js";
import { signatureFile } from "../../release/sign/statement.js";
import { stableReleaseDigest } from "../../release/stable-release-digest.js";
import { listFiles } from "../../util/files.js";
import { sha256 } from "../../util/sha256.js";
import { checkRelease, readChecksums, requireRegular, requireSmall } from "./check-release.js";

/** A verified release folder. */
export interface CheckedRelease {
  folder: string;
  report: RunReport;
  /** All files of the folder, sorted by path; the signature may be omitted. */
  files: LocalFile[];
  /** True if the folder has a valid signature. */
  isSigned: boolean;
  /** Whether publishing deletes a model file of an earlier release that this one lacks; by default all of them stay. */
  removes?: (path: string) => boolean;
  /** Equal for equal releases: sha256 over paths and digests, without the times and speeds in `release.json`. */
  digest: string;
}

/** Verifies a release folder and describes its files. Errors: QS-PUBLISH-RELEASE. */
export async function releaseFiles(folder: string, signal: AbortSignal): Promise<CheckedRelease> {
  // Described before the verification, so that later changes are detected by modification times.
  const paths = await listFiles(folder).catch((): string[] => []);
  await requireRegular(folder, paths);
  const listed = await readChecksums(folder);
  await requireSmall(
    folder,
    paths.filter((path) => !listed.has(path)),
  );
  const files = await Promise.all(paths.map((path) => localFile(path, join(folder, path), listed.get(path))));
  const { report, isSigned } = await checkRelease(folder, signal);
  const stable = stableReleaseDigest(report);
  const content = files.filter(({ path }) => path !== signatureFile);
  const lines = content.map((file) => `${file.path === "release.json" ? stable : file.sha256}  ${file.path}\n`);
  return { folder, report, files, isSigned, digest: sha256(lines.join("")) };
}
