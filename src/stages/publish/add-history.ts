import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LocalFile, localFile, readUnchanged } from "../../hub/upload/local-file.js";
import { bomFile } from "../../release/bom.js";
import { checksumsFile } from "../../release/checksums.js";
import {
  type FormerRelease,
  historyFile,
  parseHistory,
  renderHistory,
  summarizeRelease,
} from "../../release/history.js";
import { provenanceFile } from "../../release/provenance.js";
import type { RunReport } from "../../release/release-report.js";
import { renderChecksums, reviseBom, reviseProvenance } from "../../release/revise-lists.js";
import { signatureFile } from "../../release/sign/statement.js";
import { stableReleaseDigest } from "../../release/stable-release-digest.js";
import { cardFile } from "../../release/verify/check-cross-references.js";
import { filesWithoutChecksum } from "../../release/verify/check-files.js";
import { maxTextBytes } from "../../release/verify/release-source.js";
import { historySection } from "../../report/history-section.js";
import { formatBytes } from "../../util/bytes.js";
import { count } from "../../util/count.js";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import { isSameRelease, type PublishedFiles } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";

/**
 * Adds the former releases at the target to a release: `history.json`, a section of the model card, and both in the lists
 * of files. The folder of the release stays as it is: the changed files are written to `scratch`, without the folder's
 * signature. Equal inputs give equal files; the same release again gives the same history. Without former releases, and
 * if it is already published with a history, which must contain that of the target, the release stays as it is.
 * Errors: QS-PUBLISH-HISTORY, QS-HUB-*.
 */
export async function addHistory(
  release: CheckedRelease,
  { release: previous }: Pick<PublishedFiles, "release">,
  scratch: string,
): Promise<CheckedRelease> {
  if (previous === undefined || release.isPublished) return release;
  const { report, files, history, origin } = previous;
  if (typeof history === "string") throw noHistory(`cannot be read: ${history}`);
  const own = release.files.find(({ path }) => path === historyFile);
  if (own !== undefined) {
    const known = [release.report, ...(await readHistory(own))].map(digestOf);
    const lost = [...history, report].filter((one) => !known.includes(digestOf(one)));
    if (lost.length > 0) throw noHistory(`names ${count(lost.length, "release")} that the folder's own history lacks`);
    return release;
  }
  const former = isSameRelease(report, release.report)
    ? history
    : [...history, { ...(await origin()), ...summarizeRelease(report, files) }];
  return former.length === 0 ? release : withHistory(release, former, scratch);
}

/** Reads the history of a release folder; an invalid one is empty. */
async function readHistory(file: LocalFile): Promise<FormerRelease[]> {
  const history = parseHistory(String(await readUnchanged(file)));
  return typeof history === "string" ? [] : history;
}

function digestOf(release: RunReport | FormerRelease): string {
  return "digest" in release ? release.digest : stableReleaseDigest(release);
}

async function withHistory(
  release: CheckedRelease,
  former: readonly FormerRelease[],
  scratch: string,
): Promise<CheckedRelease> {
  const files = new Map(release.files.map((file) => [file.path, file]));
  files.delete(signatureFile);
  const digests = () => new Map([...files.values()].map((file) => [file.path, file.sha256]));
  const put = async (path: string, content: string) => {
    await writeFile(join(scratch, path), content);
    files.set(path, await localFile(path, join(scratch, path), sha256(content)));
  };
  const revise = async (path: string, change: (text: string) => string) => {
    const file = files.get(path);
    if (file !== undefined) await put(path, change(String(await readUnchanged(file))));
  };
  const present = summarizeRelease(release.report, digests());
  const rendered = renderHistory(former);
  if (Buffer.byteLength(rendered) > maxTextBytes) throw noHistory(`would have more than ${formatBytes(maxTextBytes)}`);
  await put(historyFile, rendered);
  await revise(cardFile, (card) => `${card.trimEnd()}\n\n${historySection(former, present)}\n`);
  await revise(bomFile, (bom) => reviseBom(bom, only(digests(), [historyFile, cardFile])));
  await revise(provenanceFile, (text) => reviseProvenance(text, only(digests(), [historyFile, cardFile, bomFile])));
  await put(checksumsFile, renderChecksums(without(digests(), filesWithoutChecksum)));
  return { ...release, folder: scratch, files: byPath([...files.values()]), isSigned: false };
}

function noHistory(why: string): QuantsmithError {
  return new QuantsmithError(
    "QS-PUBLISH-HISTORY",
    `the history of the releases at the target, ${historyFile}, ${why}`,
    {
      remedy:
        "Publish the folder of the run itself, with the newest version of quantsmith, or roll back with `--rollback`. To begin a new history, delete the file at the target.",
    },
  );
}

function only(digests: ReadonlyMap<string, string>, paths: readonly string[]): Map<string, string> {
  return new Map([...digests].filter(([path]) => paths.includes(path)));
}

function without(digests: ReadonlyMap<string, string>, paths: readonly string[]): Map<string, string> {
  return new Map([...digests].filter(([path]) => !paths.includes(path)));
}

function byPath(files: readonly LocalFile[]): LocalFile[] {
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
