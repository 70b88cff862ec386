import { parseChecked } from "../../util/checked-json.js";
import { quote } from "../../util/quote.js";
import { bomFile } from "../bom.js";
import { checksumsFile, parseChecksums } from "../checksums.js";
import { provenanceFile } from "../provenance.js";
import { readProvenance } from "../read-provenance.js";
import { signatureFile } from "../sign/statement.js";
import { cardFile, hardwareFile } from "./check-cross-references.js";
import { errorProblem, restoreRemedy, type VerifyProblem } from "./verify-report.js";

/** Files of a release that SHA256SUMS does not list; the signature is optional. */
export const filesWithoutChecksum: readonly string[] = [checksumsFile, "release.json", signatureFile];

/** Files of every release, besides those that have errors of their own if they are missing. */
const requiredFiles: readonly string[] = [bomFile, cardFile, hardwareFile];

/** Files that the Hub adds to a repository, and thus to downloads. */
const hubFiles: readonly string[] = [".gitattributes"];

/** Files that no provenance can name, since they name it, and files of the Hub. */
const withoutSubject: readonly string[] = [...filesWithoutChecksum, provenanceFile, ...hubFiles];

type Digests = ReadonlyMap<string, string>;

/** Compares the present files, path to sha256, with SHA256SUMS. */
export function checkSums(text: string | undefined, present: Digests): VerifyProblem[] {
  if (text === undefined) return [errorProblem("QS-VERIFY-SUMS", checksumsFile, "SHA256SUMS is missing")];
  const { files: listed, unreadable } = parseChecksums(text);
  const [bad] = unreadable;
  const problems =
    bad === undefined
      ? []
      : [errorProblem("QS-VERIFY-SUMS", checksumsFile, `SHA256SUMS contains an invalid line: ${quote(bad)}`)];
  if (/^\ufeff|\r\n/.test(text)) {
    const message = "SHA256SUMS has the line ends or the byte order mark of Windows, so `sha256sum -c` finds no file";
    const remedy = "Check the files out again with git's `core.autocrlf` off, or restore the file from the release.";
    problems.push(errorProblem("QS-VERIFY-SUMS", checksumsFile, message, remedy));
  }
  const ownerOf = new Map([...listed].reverse().map(([file, sha256]) => [sha256, file]));
  for (const [file, sha256] of listed) {
    const found = present.get(file);
    if (found === undefined)
      problems.push(errorProblem("QS-VERIFY-MISSING", file, `${file} is missing`, restoreRemedy));
    else if (found !== sha256) {
      problems.push(
        errorProblem(
          "QS-VERIFY-HASH",
          file,
          `${file} does not match SHA256SUMS${contentOwner(ownerOf.get(found))}`,
          restoreRemedy,
        ),
      );
    }
  }
  return problems;
}

/**
 * Reports missing or unlisted ones of the files that every release has. `known` are the files that SHA256SUMS lists; without it,
 * those that are there.
 */
export function checkRequired(paths: readonly string[], known: (file: string) => boolean): VerifyProblem[] {
  return requiredFiles
    .filter((file) => !paths.includes(file) || !known(file))
    .map((file) => {
      const message = `${file} is missing, or not listed in SHA256SUMS: every release has one`;
      return errorProblem("QS-VERIFY-MISSING", file, message);
    });
}

/**
 * Reports files outside the release: as warnings if `shared`, since others may add files there, or if they are of `former`
 * releases.
 */
export function checkExtra(
  paths: readonly string[],
  known: ReadonlySet<string>,
  former: ReadonlySet<string>,
  shared: boolean,
): VerifyProblem[] {
  return paths.flatMap((file) => {
    if (known.has(file) || hubFiles.includes(file)) return [];
    if (former.has(file)) {
      const message = `${file} is not part of the release, but of an earlier one that its history names`;
      const remedy = "Publish with `--remove-old` when nobody needs the file.";
      return [{ ...errorProblem("QS-VERIFY-EXTRA", file, message, remedy), severity: "warning" as const }];
    }
    const remedy = shared ? "Remove the file unless you added it." : "Remove the file.";
    const message = `${file} is not part of the release: it is not listed in SHA256SUMS`;
    const extra = errorProblem("QS-VERIFY-EXTRA", file, message, remedy);
    return [shared ? { ...extra, severity: "warning" as const } : extra];
  });
}

/** Suffix of the message if the content is that of another listed file. */
function contentOwner(other: string | undefined): string {
  return other === undefined ? "" : `: its content is that of ${other}`;
}

/** Compares `release.json` with its checksum, which also covers the times and speeds that the provenance omits. */
export function checkChecksum(text: string): VerifyProblem[] {
  return parseChecked(text) === undefined ? [edited()] : [];
}

/** Compares the present files and the digest of `release.json` with the provenance. */
export function checkProvenance(
  text: string | undefined,
  present: Digests,
  releaseDigest: string | undefined,
): VerifyProblem[] {
  if (text === undefined) {
    const message = "the provenance is missing, so edits of release.json cannot be detected";
    return [errorProblem("QS-VERIFY-PROVENANCE", provenanceFile, message)];
  }
  const provenance = readProvenance(text);
  if (provenance === undefined) {
    return [
      errorProblem(
        "QS-VERIFY-PROVENANCE",
        provenanceFile,
        `${provenanceFile} is not a provenance statement of quantsmith`,
      ),
    ];
  }
  const problems: VerifyProblem[] = [];
  for (const [file, sha256] of provenance.subjects) {
    const found = present.get(file);
    if (found === undefined) {
      problems.push(
        errorProblem("QS-VERIFY-PROVENANCE", file, `${file} is listed in the provenance but missing from the release`),
      );
    } else if (found !== sha256) {
      problems.push(errorProblem("QS-VERIFY-PROVENANCE", file, `${file} does not match the provenance`));
    }
  }
  for (const file of present.keys()) {
    if (provenance.subjects.has(file) || withoutSubject.includes(file)) continue;
    problems.push(
      errorProblem(
        "QS-VERIFY-PROVENANCE",
        file,
        `${file} is not an output of the run: it is not listed in the provenance`,
        "Remove the file and its line in SHA256SUMS, or rebuild the release with `quantsmith run`.",
      ),
    );
  }
  if (releaseDigest !== undefined && releaseDigest !== provenance.releaseDigest) {
    problems.push(edited());
  }
  return problems;
}

function edited(): VerifyProblem {
  return errorProblem("QS-VERIFY-EDITED", "release.json", "release.json was edited after packaging");
}
