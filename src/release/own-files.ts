import { sha256 } from "../util/sha256.js";
import { checksumsFile, parseChecksums } from "./checksums.js";
import { provenanceFile } from "./provenance.js";
import { readProvenance } from "./read-provenance.js";
import { readSignedFiles, signatureFile } from "./sign/statement.js";
import { stableReleaseDigest } from "./stable-release-digest.js";
import { parseRelease } from "./verify/parse-release.js";

/** Files that identify a release, which no other file of it lists. */
export const identifyingFiles = ["release.json", provenanceFile, checksumsFile, signatureFile] as const;

/**
 * Returns the files of a release of quantsmith, path to sha256: what its provenance names, and those of the identifying
 * files that agree with it. A file at one of these paths with another digest is not part of the release. Empty unless
 * provenance and `release.json` belong together. `texts` has the contents of the identifying files.
 */
export function ownFiles(texts: ReadonlyMap<string, string>): Map<string, string> {
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

/** Returns the files of a release as `ownFiles`, and the name of its model; undefined without a release. */
export function ownRelease(texts: ReadonlyMap<string, string>): {
  own: Map<string, string>;
  model: string | undefined;
} {
  const own = ownFiles(texts);
  const release = own.size === 0 ? undefined : parseRelease(texts.get("release.json") ?? "");
  return { own, model: typeof release === "object" ? release.model.name : undefined };
}

function haveSameEntries(some: ReadonlyMap<string, string> | undefined, others: ReadonlyMap<string, string>): boolean {
  return some?.size === others.size && [...others].every(([path, digest]) => some.get(path) === digest);
}
