import { sha256 } from "../util/sha256.js";
import { checksumsFile, parseChecksums } from "./checksums.js";
import { type FormerRelease, formerFiles, historyFile, parseHistory } from "./history.js";
import { provenanceFile } from "./provenance.js";
import { readProvenance } from "./read-provenance.js";
import type { RunReport } from "./release-report.js";
import { readSignedFiles, signatureFile } from "./sign/statement.js";
import { stableReleaseDigest } from "./stable-release-digest.js";
import { parseRelease } from "./verify/parse-release.js";

/** Files that identify a release, which no other file of it lists, and its history. */
export const identifyingFiles = ["release.json", provenanceFile, checksumsFile, signatureFile, historyFile] as const;

/** The release at a place. */
export interface OwnRelease {
  report: RunReport;
  /** Its files, path to sha256. */
  files: ReadonlyMap<string, string>;
  /** The releases that it replaced, oldest first; an error message if its history cannot be read. */
  history: readonly FormerRelease[] | string;
}

/**
 * Returns the files of a release of quantsmith, path to sha256: what its provenance names, and those of the identifying
 * files that agree with it. A file at one of these paths with another digest is not part of the release. Empty unless
 * provenance and `release.json` belong together. `texts` has the contents of the identifying files.
 */
function ownFiles(texts: ReadonlyMap<string, string>): Map<string, string> {
  const provenanceText = texts.get(provenanceFile) ?? "";
  const releaseText = texts.get("release.json") ?? "";
  const provenance = readProvenance(provenanceText);
  const release = parseRelease(releaseText);
  if (provenance === undefined || typeof release === "string") return new Map();
  if (stableReleaseDigest(release) !== provenance.releaseDigest) return new Map();
  const files = new Map(provenance.subjects).set(provenanceFile, sha256(provenanceText));
  const sums = texts.get(checksumsFile) ?? "";
  const { files: listed, unreadable } = parseChecksums(sums);
  const sumsAgree = unreadable.length === 0 && haveSameEntries(listed, files);
  files.set("release.json", sha256(releaseText));
  if (sumsAgree) files.set(checksumsFile, sha256(sums));
  const signature = texts.get(signatureFile) ?? "";
  if (haveSameEntries(readSignedFiles(signature), files)) files.set(signatureFile, sha256(signature));
  return files;
}

/**
 * Returns the release at a place, undefined without one, and all files there that are of quantsmith, path to sha256: those
 * of the release, and the model files of earlier releases that its history names.
 */
export function ownRelease(texts: ReadonlyMap<string, string>): {
  own: ReadonlyMap<string, string>;
  release: OwnRelease | undefined;
} {
  const files = ownFiles(texts);
  const report = parseRelease(texts.get("release.json") ?? "");
  if (files.size === 0 || typeof report === "string") return { own: new Map(), release: undefined };
  const text = texts.get(historyFile);
  const history = text === undefined || files.get(historyFile) !== sha256(text) ? [] : parseHistory(text);
  const former = typeof history === "string" ? [] : formerFiles(history);
  return { own: new Map([...former, ...files]), release: { report, files, history } };
}

function haveSameEntries(some: ReadonlyMap<string, string> | undefined, others: ReadonlyMap<string, string>): boolean {
  return some?.size === others.size && [...others].every(([path, digest]) => some.get(path) === digest);
}
