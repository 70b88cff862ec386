import { mkdir, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import { downloadSnapshot } from "../../hub/download/download-snapshot.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { linkOrCopy } from "../../util/files.js";
import { readZipMember } from "../../util/read-zip-member.js";
import { sha256File } from "../../util/sha256.js";
import type { Operation, StageContext } from "../stage.js";

/** One text to bring from the Hub. */
export interface HubTextFile extends JsonObject {
  /** `org/dataset`. */
  dataset: string;
  commit: string;
  path: string;
  bytes: number;
  /** `sha256:<hex>`, or `git-sha1:<hex>` for small files, as the Hub lists it. */
  digest: string;
  /** The file in the archive that `path` is; null for a plain file. */
  member: string | null;
  /** What the recipe says the sha256 of `path` is; null when it says nothing. */
  sha256: string | null;
}

export interface FetchTextsParams extends JsonObject {
  files: readonly HubTextFile[];
}

/** What each file's commit was resolved from, in the order of `files`: remembered for offline runs. */
export interface FetchTextsOptions {
  revisions: readonly string[];
}

/** The output that holds text number `index`. */
export function fetchedText(index: number, { path, member }: { path: string; member: string | null }): string {
  return `${index}/${basename(member ?? path)}`;
}

/**
 * Brings texts from data sets on the Hub into the Hugging Face cache, each checked against the Hub's digest and the
 * recipe's, and takes them out of their archives. Outputs `0/<name>`, `1/<name>`, …
 * Errors: QS-TEXT-HASH, QS-TEXT-ARCHIVE, QS-FETCH-HASH, QS-HUB-*, QS-DISK-SPACE, QS-DISK-FULL.
 */
export function fetchTexts({ revisions }: FetchTextsOptions): Operation<FetchTextsParams> {
  return {
    stage: "fetch",
    version: 1,
    resource: "io",
    tools: [],
    async run({ files }, context) {
      const connection = hubConnection();
      for (const [index, file] of files.entries()) {
        const { dataset, commit, path } = file;
        const repo = `datasets/${dataset}`;
        const request = {
          repo,
          commit,
          revision: revisions[index] ?? commit,
          files: [file],
          listing: [],
          downloads: 1,
        };
        const report = (done: number, note: string) =>
          context.progress({ done, total: file.bytes, unit: "byte", ...(note === "" ? {} : { note }) });
        const folder = await downloadSnapshot(connection, request, {
          signal: context.signal,
          onProgress: (done, _total, rate) => report(done, rate),
          onNote: (note) => report(0, note),
        });
        await place(file, index, await realpath(join(folder, path)), context);
      }
      return {};
    },
  };
}

async function place(file: HubTextFile, index: number, blob: string, { out, signal }: StageContext): Promise<void> {
  if (file.sha256 !== null) requireSha256(file, await sha256File(blob, signal));
  const target = join(out, fetchedText(index, file));
  await mkdir(join(out, `${index}`));
  // Not a link into the cache, which other machines that work on the store do not have.
  if (file.member === null) await linkOrCopy(blob, target);
  else await writeFile(target, await unpack(file, file.member, blob));
}

/** Throws QS-TEXT-HASH unless the text is the one that the recipe means. */
export function requireSha256({ dataset, commit, path, sha256 }: HubTextFile, actual: string): void {
  if (sha256 === null || sha256 === actual) return;
  throw new QuantsmithError("QS-TEXT-HASH", `${path} of the data set ${dataset} is not the text the recipe means`, {
    remedy: `Its sha256 at commit ${commit.slice(0, 12)} is ${actual}, and the recipe says ${sha256}. Correct the recipe, or name the revision that has that content.`,
  });
}

async function unpack({ dataset, path }: HubTextFile, member: string, blob: string): Promise<Buffer> {
  const remedy = "Name the file by its whole path in the archive: `…/archive.zip/folder/file.txt`.";
  const fail = (why: string, cause?: unknown) =>
    new QuantsmithError("QS-TEXT-ARCHIVE", `${path} of the data set ${dataset}: ${why}`, { remedy, cause });
  let content: Buffer | undefined;
  try {
    content = await readZipMember(blob, member);
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (content === undefined) throw fail(`it holds no file ${member}`);
  return content;
}
