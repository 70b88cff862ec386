import { parseHubRef } from "../../hub/hub-ref.js";
import { hubLabel } from "../../quant/names.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { bomFile } from "../bom.js";
import { builtFor, isSameRepository, modelYamlFile } from "../built-for.js";
import { checksumsFile, parseChecksums } from "../checksums.js";
import { historyFile } from "../history.js";
import { lockFileName, provenanceFile } from "../provenance.js";
import { readProvenance } from "../read-provenance.js";
import type { RunReport } from "../release-report.js";
import { findResolutionProblems } from "../resolve/find-problems.js";
import { findForeignLoads } from "../resolve/foreign-loads.js";
import { modelFiles } from "../resolve/gguf-name.js";
import { resolveAll } from "../resolve/resolve-all.js";
import { signatureFile } from "../sign/statement.js";
import { stableReleaseDigest } from "../stable-release-digest.js";
import { tensorsFile, weightFiles } from "../variant-files.js";
import { cardFile, checkBom, checkCard, checkHardware, hardwareFile } from "./check-cross-references.js";
import {
  checkChecksum,
  checkExtra,
  checkProvenance,
  checkRequired,
  checkSums,
  filesWithoutChecksum,
} from "./check-files.js";
import { checkHistory, findFormerFiles } from "./check-history.js";
import { checkSignature, type ExpectedSigner } from "./check-signature.js";
import { checkSource } from "./check-source.js";
import { checkTensors } from "./check-tensors.js";
import { checkVariants, type ModelFacts } from "./check-variants.js";
import { hashFiles } from "./hash-files.js";
import { keepRootCauses } from "./keep-root-causes.js";
import { parseRelease } from "./parse-release.js";
import { readLock } from "./read-lock.js";
import { maxTextBytes, type ReleaseSource } from "./release-source.js";
import { errorProblem, type VerifiedFile, type VerifyProblem, type VerifyReport } from "./verify-report.js";

/** Names are compared with each other, so those of a hundred thousand models would take days. */
const maxModels = 1000;

/**
 * Verifies every recomputable claim of a release: file contents (SHA256SUMS), `release.json` (files, headers, the recipe's
 * limits, provenance), bill of materials, hardware verdicts, model card, history, file names (resolution by each runtime), and the
 * signature if present or required by `signer`. Problems are returned in the report. Calls `onFile` before hashing each
 * file. Errors: QS-VERIFY-TARGET if the target is not a release, QS-SIGN-ROOT, errors of the source.
 */
export async function verifyRelease(
  source: ReleaseSource,
  onFile: (path: string, bytes: number) => void = () => undefined,
  signer: ExpectedSigner = {},
): Promise<VerifyReport> {
  const { files: listed, problems: unreadable } = await source.files();
  const text = async (path: string) => {
    const file = listed.find((entry) => entry.path === path);
    return file === undefined || file.bytes > maxTextBytes ? undefined : source.text(path);
  };
  const paths = listed.map(({ path }) => path);
  requireRelease(source.name, paths);
  const sums = await text(checksumsFile);
  const known = new Set([...filesWithoutChecksum, ...parseChecksums(sums ?? "").files.keys()]);
  const history = known.has(historyFile) ? await text(historyFile) : undefined;
  const outside = paths.filter((path) => !known.has(path));
  const former = await findFormerFiles(source, outside, history);
  // Foreign files in a shared place are not read: only their names matter. So it is with files of former releases.
  const own = listed.filter(({ path }) => known.has(path) || !(source.shared || former.has(path)));
  const reportText = await text("release.json");
  const report = readReport(reportText);
  const parsed = typeof report !== "string";
  const { digests, models, problems: oversized } = await hashFiles(source, own, parsed ? report : undefined, onFile);
  const toSign = new Map([...digests].filter(([path]) => known.has(path) && path !== signatureFile));
  // A signature file over the size limit counts as an invalid signature.
  const signatureText = paths.includes(signatureFile) ? ((await text(signatureFile)) ?? "") : undefined;
  const { signature, problems: signatureProblems } = await checkSignature(signatureText, toSign, signer);
  const edited = reportText === undefined || !parsed ? [] : checkChecksum(reportText);
  const recorded = parsed && edited.length === 0 ? stableReleaseDigest(report) : undefined;
  const fromSums = checkSums(sums, digests);
  const changed = new Set(fromSums.map(({ file }) => file));
  // Changed files are not parsed: their content is not that of the release. So it is with files that nothing lists.
  const isOwn = (file: string) => !changed.has(file) && (sums === undefined || known.has(file));
  const lockText = isOwn(lockFileName) ? await text(lockFileName) : undefined;
  const lock = lockText === undefined ? undefined : readLock(lockText);
  const tensors = isOwn(tensorsFile) ? await text(tensorsFile) : undefined;
  const provenance = changed.has(provenanceFile) ? undefined : await text(provenanceFile);
  const bom = changed.has(bomFile) ? undefined : await text(bomFile);
  const hardware = changed.has(hardwareFile) ? undefined : await text(hardwareFile);
  const card = changed.has(cardFile) ? undefined : await text(cardFile);
  const modelYaml = isOwn(modelYamlFile) ? await text(modelYamlFile) : undefined;
  const sound = new Map([...digests].filter(([path]) => !changed.has(path)));
  const unchanged = new Map([...models].filter(([path]) => !changed.has(path)));
  const isResolvable = modelFiles(paths).length <= maxModels;
  const found: VerifyProblem[] = [
    ...unreadable,
    ...oversized,
    ...fromSums,
    ...checkRequired(paths, (file) => sums === undefined || known.has(file)),
    ...(sums === undefined ? [] : checkExtra(paths, known, former, source.shared)),
    ...(parsed ? checkVariants(report, models, lock) : []),
    ...(parsed ? [] : [errorProblem("QS-VERIFY-REPORT", "release.json", `release.json is invalid: ${report}`)]),
    ...edited,
    ...(changed.has(provenanceFile) ? [] : checkProvenance(provenance, digests, recorded)),
    ...(parsed ? checkSource(report, lock, provenance === undefined ? undefined : readProvenance(provenance)) : []),
    ...(parsed && tensors !== undefined ? checkTensors(tensors, report, unchanged) : []),
    ...signatureProblems,
    ...(parsed && bom !== undefined ? checkBom(bom, sound, report) : []),
    ...(parsed && hardware !== undefined ? checkHardware(hardware, report) : []),
    ...(parsed && card !== undefined ? checkCard(card, report) : []),
    ...(modelYaml === undefined ? [] : checkRepository(modelYaml, source.name)),
    ...checkHistory(changed.has(historyFile) ? undefined : history),
    ...(isResolvable
      ? [
          ...findResolutionProblems(
            intended(source.shared || sums === undefined ? paths : paths.filter((path) => known.has(path)), report),
            parsed ? report.variants : undefined,
          ),
          ...(source.shared && sums !== undefined ? findForeignLoads(paths, known) : []),
        ]
      : [unresolved()]),
  ];
  const problems = keepRootCauses(found).toSorted(
    (a, b) => Number(b.severity === "error") - Number(a.severity === "error"),
  );
  const failed = new Set(problems.flatMap(({ severity, file }) => (severity === "error" ? [file] : [])));
  return {
    ok: problems.every(({ severity }) => severity === "warning"),
    release: source.name,
    files: listed.map(({ path, bytes }) =>
      describeFile(path, bytes, digests.get(path) ?? null, models, !failed.has(path)),
    ),
    signature,
    resolutions: isResolvable ? resolveAll(paths, repoOf(source.name)) : [],
    problems,
  };
}

/** Returns a warning instead of the resolution of the names. */
function unresolved(): VerifyProblem {
  const message = `there are more than ${maxModels} models, so their names were not resolved`;
  const remedy = "Remove the models that are not needed, or publish to a repository of its own.";
  return { ...errorProblem("QS-VERIFY-UNCHECKED", null, message, remedy), severity: "warning" };
}

/** Returns a warning for a release in another repository than the one it was built for, which was renamed or copied. */
function checkRepository(modelYaml: string, name: string): VerifyProblem[] {
  const [repo, other] = [parseHubRef(name)?.repo, builtFor(modelYaml)];
  if (repo === undefined || other === undefined || isSameRepository(repo, other)) return [];
  const message = `the commands of the model card download ${quote(other)}, not this repository`;
  const remedy = `Build the release again with \`publish: { repo: ${repo} }\` in the recipe, and publish it.`;
  return [{ ...errorProblem("QS-VERIFY-REPO", cardFile, message, remedy), severity: "warning" }];
}

/** Errors: QS-VERIFY-TARGET if all files of a release are missing. */
function requireRelease(name: string, paths: readonly string[]): void {
  if ([checksumsFile, "release.json", provenanceFile].some((file) => paths.includes(file))) return;
  throw new QuantsmithError("QS-VERIFY-TARGET", `${name} is not a release: SHA256SUMS and release.json are missing`, {
    remedy:
      "Pass a release of quantsmith, such as `artifacts/releases/<recipe>`, or `hf:org/name` for a release on the Hub.",
  });
}

/** Adds missing variants to the paths: they are reported once, without follow-up resolution problems. */
function intended(paths: readonly string[], report: RunReport | string): string[] {
  const reportedFiles = typeof report === "string" ? [] : weightFiles(report).map(({ file }) => file);
  return [...new Set([...paths, ...reportedFiles])];
}

function readReport(text: string | undefined): RunReport | string {
  return text === undefined ? "the file is missing or too large" : parseRelease(text);
}

function describeFile(
  path: string,
  bytes: number,
  sha256: string | null,
  models: ReadonlyMap<string, ModelFacts>,
  ok: boolean,
): VerifiedFile {
  const model = models.get(path);
  if (model === undefined) return { path, bytes, sha256, ok };
  const label = hubLabel(path.slice(path.lastIndexOf("/") + 1)) ?? null;
  if (typeof model.header === "string") return { path, bytes, sha256, ok, label };
  const { bitsPerWeight, types } = model.header;
  return { path, bytes, sha256, ok, label, bitsPerWeight, types };
}

/** Repository name in references; a placeholder for a local folder. */
function repoOf(name: string): string {
  return parseHubRef(name)?.repo ?? "org/name";
}
