import { join } from "node:path";
import { type LocalFile, localFile } from "../../hub/upload/local-file.js";
import type { RunReport } from "../../release/release-report.js";
import { signatureFile } from "../../release/sign/statement.js";
import { stableReleaseDigest } from "../../release/stable-release-digest.js";
import { listFiles } from "../../util/files.js";
import { sha256 } from "../../util/sha256.js";
import { checkRelease, readChecksums, requireRegular } from "./check-release.js";

/** A release folder that may be published. */
export interface CheckedRelease {
  folder: string;
  report: RunReport;
  /** Everything in it, sorted by path; the signature may be left out. */
  files: LocalFile[];
  /** Whether the folder has a signature that is valid. */
  isSigned: boolean;
  /** The same for equal releases: sha256 over names and digests, `release.json` without what differs from run to run. */
  digest: string;
}

/** Checks a release folder and describes its files. Errors: QS-PUBLISH-RELEASE. */
export async function releaseFiles(folder: string, signal: AbortSignal): Promise<CheckedRelease> {
  // Described before they are checked: a change after that shows in their times.
  const paths = await listFiles(folder).catch((): string[] => []);
  await requireRegular(folder, paths);
  const listed = await readChecksums(folder);
  const files = await Promise.all(paths.map((path) => localFile(path, join(folder, path), listed.get(path))));
  const { report, isSigned } = await checkRelease(folder, signal);
  const stable = stableReleaseDigest(report);
  const content = files.filter(({ path }) => path !== signatureFile);
  const lines = content.map((file) => `${file.path === "release.json" ? stable : file.sha256}  ${file.path}\n`);
  return { folder, report, files, isSigned, digest: sha256(lines.join("")) };
}
