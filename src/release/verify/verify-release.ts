import { parseHubRef } from "../../hub/hub-ref.js";
import { hubLabel } from "../../quant/names.js";
import { QuantsmithError } from "../../util/errors.js";
import { bomFile } from "../bom.js";
import { checksumsFile, parseChecksums } from "../checksums.js";
import { provenanceFile } from "../provenance.js";
import type { RunReport } from "../release-report.js";
import { findResolutionProblems } from "../resolve/find-problems.js";
import { resolveAll } from "../resolve/resolve-all.js";
import { signatureFile } from "../sign/statement.js";
import { stableReleaseDigest } from "../stable-release-digest.js";
import { weightFiles } from "../variant-files.js";
import { cardFile, checkBom, checkCard, checkHardware, hardwareFile } from "./check-cross-references.js";
import { checkExtra, checkProvenance, checkSums, unlisted } from "./check-files.js";
import { checkSignature, type ExpectedSigner } from "./check-signature.js";
import { checkVariants, type ModelFacts } from "./check-variants.js";
import { keepRootCauses } from "./keep-root-causes.js";
import { parseRelease } from "./parse-release.js";
import { maxTextBytes, type ReleaseSource } from "./release-source.js";
import { errorProblem, type VerifiedFile, type VerifyProblem, type VerifyReport } from "./verify-report.js";

/**
 * Checks everything about a release that can be recomputed: contents against SHA256SUMS, `release.json` against the
 * files, the headers, the recipe's limits, the provenance, the bill of materials and the verdicts by device, names against
 * what each runtime makes of them, and the signature where there is one, or `signer` wants one. What it finds is in the
 * report; it throws what reading throws, QS-SIGN-ROOT, and QS-VERIFY-TARGET for what is no release at all. `onFile` is told
 * each file before it is hashed.
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
  const known = new Set([...unlisted, ...parseChecksums(sums ?? "").files.keys()]);
  // What others keep in the same place is not read: only its names matter.
  const own = listed.filter(({ path }) => !source.shared || known.has(path));
  const digests = new Map<string, string>();
  const models = new Map<string, ModelFacts>();
  for (const { path, bytes } of own) {
    onFile(path, bytes);
    const sha256 = await source.sha256(path);
    digests.set(path, sha256);
    if (path.endsWith(".gguf")) models.set(path, { bytes, sha256, header: await source.header(path) });
  }
  const toSign = new Map([...digests].filter(([path]) => known.has(path) && path !== signatureFile));
  // One that is too large to be read is no signature either.
  const signatureText = paths.includes(signatureFile) ? ((await text(signatureFile)) ?? "") : undefined;
  const { signature, problems: signatureProblems } = await checkSignature(signatureText, toSign, signer);
  const report = readReport(await text("release.json"));
  const parsed = typeof report !== "string";
  const fromSums = checkSums(sums, digests);
  const changed = new Set(fromSums.map(({ file }) => file));
  // What is known to be another file says nothing about the rest.
  const lock = changed.has("recipe.lock.yaml") ? undefined : await text("recipe.lock.yaml");
  const bom = changed.has(bomFile) ? undefined : await text(bomFile);
  const hardware = changed.has(hardwareFile) ? undefined : await text(hardwareFile);
  const card = changed.has(cardFile) ? undefined : await text(cardFile);
  const sound = new Map([...digests].filter(([path]) => !changed.has(path)));
  const found: VerifyProblem[] = [
    ...unreadable,
    ...fromSums,
    ...(sums === undefined ? [] : checkExtra(paths, known, source.shared)),
    ...(parsed ? checkVariants(report, models, lock) : []),
    ...(parsed ? [] : [errorProblem("QS-VERIFY-REPORT", "release.json", `release.json cannot be used: ${report}`)]),
    ...(changed.has(provenanceFile)
      ? []
      : checkProvenance(await text(provenanceFile), digests, parsed ? stableReleaseDigest(report) : undefined)),
    ...signatureProblems,
    ...(parsed && bom !== undefined ? checkBom(bom, sound, report) : []),
    ...(parsed && hardware !== undefined ? checkHardware(hardware, report) : []),
    ...(parsed && card !== undefined ? checkCard(card, report) : []),
    ...findResolutionProblems(
      intended(source.shared || sums === undefined ? paths : paths.filter((path) => known.has(path)), report),
      parsed ? report.variants : undefined,
    ),
  ];
  const problems = keepRootCauses(found).toSorted(
    (a, b) => Number(b.severity === "error") - Number(a.severity === "error"),
  );
  return {
    ok: problems.every(({ severity }) => severity === "warning"),
    release: source.name,
    files: listed.map(({ path, bytes }) => describeFile(path, bytes, digests.get(path) ?? null, models, problems)),
    signature,
    resolutions: resolveAll(paths, repoOf(source.name)),
    problems,
  };
}

/** Throws QS-VERIFY-TARGET for what nobody would take for a release. */
function requireRelease(name: string, paths: readonly string[]): void {
  if ([checksumsFile, "release.json", provenanceFile].some((file) => paths.includes(file))) return;
  throw new QuantsmithError("QS-VERIFY-TARGET", `${name} is no release: it has no SHA256SUMS and no release.json`, {
    remedy: "Name a release of quantsmith, such as artifacts/releases/<recipe>, or hf:org/name for one on the Hub.",
  });
}

/** The names with those of the variants that are missing: that they are is told, and not what comes of it. */
function intended(paths: readonly string[], report: RunReport | string): string[] {
  const reportedFiles = typeof report === "string" ? [] : weightFiles(report).map(({ file }) => file);
  return [...new Set([...paths, ...reportedFiles])];
}

function readReport(text: string | undefined): RunReport | string {
  return text === undefined ? "there is none" : parseRelease(text);
}

function describeFile(
  path: string,
  bytes: number,
  sha256: string | null,
  models: ReadonlyMap<string, ModelFacts>,
  problems: readonly VerifyProblem[],
): VerifiedFile {
  const ok = !problems.some(({ file, severity }) => file === path && severity === "error");
  const model = models.get(path);
  if (model === undefined) return { path, bytes, sha256, ok };
  const label = hubLabel(path.slice(path.lastIndexOf("/") + 1)) ?? null;
  if (typeof model.header === "string") return { path, bytes, sha256, ok, label };
  const { bitsPerWeight, types } = model.header;
  return { path, bytes, sha256, ok, label, bitsPerWeight, types };
}

/** The name in references; a folder will be some repository. */
function repoOf(name: string): string {
  return parseHubRef(name)?.repo ?? "org/name";
}
