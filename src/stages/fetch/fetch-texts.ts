import { mkdir, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import { downloadSnapshot } from "../../hub/download/download-snapshot.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { linkOrCopy } from "../../util/files.js";
import { quote } from "../../util/quote.js";
import { readZipMember } from "../../util/read-zip-member.js";
import { sha256File } from "../../util/sha256.js";
import type { Operation, StageContext } from "../stage.js";

/** A text to download from the Hub. */
export interface HubTextFile extends JsonObject {
  /** `org/dataset`. */
  dataset: string;
  commit: string;
  path: string;
  bytes: number;
  /** `sha256:<hex>`, or `git-sha1:<hex>` for small files, from the Hub's listing. */
  digest: string;
  /** The file in the archive `path`; null for a plain file. */
  member: string | null;
  /** The recipe's sha256 of `path`; null without one. */
  sha256: string | null;
}

export interface FetchTextsParams extends JsonObject {
  files: readonly HubTextFile[];
}

export interface FetchTextsOptions {
  /** The revisions that resolved to the commits, in the order of `files`; stored in the cache for offline runs. */
  revisions: readonly string[];
}

/** Returns the output path of text number `index`. */
export function fetchedText(index: number, { path, member }: { path: string; member: string | null }): string {
  return `${index}/${basename(member ?? path)}`;
}

/**
 * Downloads texts of data sets on the Hub to the Hugging Face cache, verifies each against the digests of the Hub and
 * the recipe, and extracts them from their archives. Outputs `0/<name>`, `1/<name>`, …
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
  // Not a symbolic link into the cache, which other machines with the same store cannot read.
  if (file.member === null) await linkOrCopy(blob, target);
  else await writeFile(target, await unpack(file, file.member, blob));
}

/** Throws QS-TEXT-HASH if the text does not match the recipe's sha256. */
export function requireSha256({ dataset, commit, path, sha256 }: HubTextFile, actual: string): void {
  if (sha256 === null || sha256 === actual) return;
  throw new QuantsmithError(
    "QS-TEXT-HASH",
    `the sha256 of ${path} in the data set ${dataset} is ${actual} instead of ${sha256}`,
    {
      remedy: `Correct the recipe's \`sha256\`, or set a revision with that content instead of ${commit.slice(0, 12)}.`,
    },
  );
}

async function unpack({ dataset, path }: HubTextFile, member: string, blob: string): Promise<Buffer> {
  const remedy = "Set the file's complete path in the archive: `…/archive.zip/folder/file.txt`.";
  const fail = (reason: string, cause?: unknown) =>
    new QuantsmithError("QS-TEXT-ARCHIVE", `${path} of the data set ${dataset}: ${reason}`, { remedy, cause });
  let content: Buffer | undefined;
  try {
    content = await readZipMember(blob, member);
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (content === undefined) throw fail(`the archive does not contain ${quote(member)}`);
  return content;
}
