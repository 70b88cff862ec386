import { checksumsFile, parseChecksums } from "../checksums.js";
import { provenanceFile } from "../provenance.js";
import { readProvenance } from "../read-provenance.js";
import { signatureFile } from "../sign/statement.js";
import { errorProblem, restoreRemedy, type VerifyProblem } from "./verify-report.js";

/** Files of a release that SHA256SUMS does not list; the signature is not in every release. */
export const unlisted: readonly string[] = [checksumsFile, "release.json", signatureFile];

/** What the Hub itself puts into a repository, and thereby into what is downloaded from it. */
const hubFiles: readonly string[] = [".gitattributes"];

type Digests = ReadonlyMap<string, string>;

/** Compares what is there, path to sha256, with SHA256SUMS. */
export function checkSums(text: string | undefined, present: Digests): VerifyProblem[] {
  if (text === undefined) return [errorProblem("QS-VERIFY-SUMS", checksumsFile, "the release has no SHA256SUMS")];
  const { files: listed, unreadable } = parseChecksums(text);
  const [bad] = unreadable;
  const problems =
    bad === undefined
      ? []
      : [errorProblem("QS-VERIFY-SUMS", checksumsFile, `SHA256SUMS has a line that lists nothing: ${bad}`)];
  for (const [file, sha256] of listed) {
    const found = present.get(file);
    if (found === undefined)
      problems.push(errorProblem("QS-VERIFY-MISSING", file, `${file} is missing`, restoreRemedy));
    else if (found !== sha256) {
      problems.push(
        errorProblem(
          "QS-VERIFY-HASH",
          file,
          `${file} is not the file that SHA256SUMS lists${contentOwner(listed, found)}`,
          restoreRemedy,
        ),
      );
    }
  }
  return problems;
}

/** Files that are none of the release's; a warning where others may have files of their own. */
export function checkExtra(paths: readonly string[], known: ReadonlySet<string>, shared: boolean): VerifyProblem[] {
  return paths.flatMap((file) => {
    if (known.has(file) || hubFiles.includes(file)) return [];
    const remedy = shared ? "Leave it, if you put it there." : "Remove it.";
    const message = `${file} is not part of the release: SHA256SUMS does not list it`;
    const extra = errorProblem("QS-VERIFY-EXTRA", file, message, remedy);
    return [shared ? { ...extra, severity: "warning" as const } : extra];
  });
}

/** Whose content it is, when it is that of another file. */
function contentOwner(listed: Digests, sha256: string): string {
  const other = [...listed].find(([, known]) => known === sha256);
  return other === undefined ? "" : `, but ${other[0]}`;
}

/** Compares SHA256SUMS' files and `release.json`'s digest with the provenance. */
export function checkProvenance(
  text: string | undefined,
  present: Digests,
  releaseDigest: string | undefined,
): VerifyProblem[] {
  if (text === undefined) {
    const message = "the release has no provenance, so an edited release.json cannot be told from a true one";
    return [errorProblem("QS-VERIFY-PROVENANCE", provenanceFile, message)];
  }
  const provenance = readProvenance(text);
  if (provenance === undefined) {
    return [errorProblem("QS-VERIFY-PROVENANCE", provenanceFile, `${provenanceFile} is no provenance of quantsmith`)];
  }
  const problems: VerifyProblem[] = [];
  for (const [file, sha256] of provenance.subjects) {
    const found = present.get(file);
    if (found === undefined) {
      problems.push(errorProblem("QS-VERIFY-PROVENANCE", file, `${file} is in the provenance and not in the release`));
    } else if (found !== sha256) {
      problems.push(errorProblem("QS-VERIFY-PROVENANCE", file, `${file} is not the file of the provenance`));
    }
  }
  for (const file of present.keys()) {
    if (!file.endsWith(".gguf") || provenance.subjects.has(file)) continue;
    problems.push(
      errorProblem("QS-VERIFY-PROVENANCE", file, `${file} came to be outside the run: the provenance lacks it`),
    );
  }
  if (releaseDigest !== undefined && releaseDigest !== provenance.releaseDigest) {
    problems.push(errorProblem("QS-VERIFY-EDITED", "release.json", "release.json was changed after packaging"));
  }
  return problems;
}
