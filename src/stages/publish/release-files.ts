import { join } from "node:path";
import { type LocalFile, localFile } from "../../hub/upload/local-file.js";
import { lockFileName } from "../../release/provenance.js";
import type { RunReport } from "../../release/release-report.js";
import { type RestrictedInputs, restrictedInputs } from "../../release/restricted-inputs.js";
import { signatureFile } from "../../release/sign/statement.js";
import { stableReleaseDigest } from "../../release/stable-release-digest.js";
import { listFiles } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import { sha256 } from "../../util/sha256.js";
import { parseForeignYaml } from "../../util/yaml/parse-foreign-yaml.js";
import { checkRelease, readChecksums, requireRegular, requireSmall } from "./check-release.js";

/** A file to publish. */
export interface ReleaseFile extends LocalFile {
  /** It is in the repository's large-file storage, and there is no local copy. */
  isStored?: true;
}

/** A verified release: of a folder, or of a former commit. */
export interface CheckedRelease {
  folder: string;
  report: RunReport;
  /** Inputs that not everybody may read; absent for a former release of the repository itself. */
  inputs?: RestrictedInputs;
  /** All files, sorted by path; the signature may be omitted. */
  files: ReleaseFile[];
  /** True if the folder has a valid signature. */
  isSigned: boolean;
  /** Whether publishing deletes a model file of an earlier release that this one lacks; by default all of them stay. */
  removes?: (path: string) => boolean;
  /** Equal for equal releases: sha256 over paths and digests, without the times and speeds in `release.json`. */
  digest: string;
  /** Title of the commit or pull request. */
  title: string;
  /** Already published with its history, so that it stays as it is. */
  isPublished?: true;
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
  const digest = sha256(lines.join(""));
  const inputs = await readInputs(folder);
  return {
    folder,
    report,
    inputs,
    files,
    isSigned,
    digest,
    title: `Release ${report.model.name} (${digest.slice(0, 12)})`,
  };
}

/** Reads the lock file of a verified release. */
async function readInputs(folder: string): Promise<RestrictedInputs> {
  const text = await readRegular(join(folder, lockFileName)).then(String, () => "");
  return restrictedInputs(parseForeignYaml(text));
}
