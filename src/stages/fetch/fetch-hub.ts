import { mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256ByPath, writeSnapshotReport } from "../../checkpoint/snapshot-report.js";
import { hubConnection } from "../../hub/connection.js";
import { repoCache } from "../../hub/download/cache-layout.js";
import { missingBytes } from "../../hub/download/cache-space.js";
import { downloadSnapshot } from "../../hub/download/download-snapshot.js";
import type { HubFile } from "../../hub/hub-file.js";
import { linkOrCopy } from "../../util/files.js";
import type { Operation } from "../stage.js";
import { checkSource, checkSourceWeights, type SourceParams } from "./check-source.js";

export interface FetchHubParams extends SourceParams {
  /** `org/name`. */
  repo: string;
  /** The commit of the revision. */
  commit: string;
}

/** Options of the download that do not affect its outputs. */
export interface FetchHubOptions {
  /** The revision that resolved to the commit. */
  revision: string;
  /** Complete listing of the repository at that commit. */
  listing: readonly HubFile[];
  /** Number of concurrent file downloads. */
  downloads: number;
  /** Whether to download into the step instead of the Hugging Face cache, which is never cleaned up here. */
  ownCopy: boolean;
}

/** Bytes of the links and the report. The download checks the space for the content in the Hugging Face cache. */
const outputBytes = 1 << 20;

/**
 * Downloads a checkpoint at one commit to the Hugging Face cache, verifies every file against the Hub's digest, checks
 * the checkpoint like a local folder, and links to its files; with `ownCopy`, downloads to `partial` and keeps the files
 * in the step. Outputs `snapshot/` and `snapshot.json`.
 * Errors: QS-FETCH-*, QS-HUB-*, QS-DISK-SPACE, QS-DISK-FULL.
 */
export function fetchHub({ revision, listing, downloads, ownCopy }: FetchHubOptions): Operation<FetchHubParams> {
  return {
    stage: "fetch",
    version: 4,
    resource: "io",
    tools: [],
    async prepare({ repo, files }, { partial }) {
      const missing = ownCopy ? await missingBytes(repoCache(await partial(), repo), files) : 0;
      return { bytes: outputBytes + missing };
    },
    async run(params, context) {
      const { repo, commit, files, gguf, checkWeights: check } = params;
      const progress = { done: 0, total: files.reduce((sum, { bytes }) => sum + bytes, 0), unit: "byte" as const };
      const report = (note: string) => context.progress({ ...progress, ...(note === "" ? {} : { note }) });
      const connection = hubConnection();
      const folder = await downloadSnapshot(
        ownCopy ? { ...connection, cacheFolder: await context.partial() } : connection,
        { repo, commit, revision, files, listing, downloads },
        {
          signal: context.signal,
          onProgress: (done, _total, rate) => {
            progress.done = done;
            report(rate);
          },
          onNote: report,
        },
      );
      const snapshot = await checkSource(folder, params);
      report(check === "none" ? "" : "checking the weights for NaN");
      await checkSourceWeights(folder, snapshot, check, { signal: context.signal });
      for (const { path } of files) {
        const link = join(context.out, "snapshot", path);
        const blob = await realpath(join(folder, path));
        await mkdir(dirname(link), { recursive: true });
        await (ownCopy ? linkOrCopy(blob, link) : symlink(blob, link));
      }
      const source = gguf === undefined ? `hf:${repo}` : `hf:${repo}/${gguf[0]}`;
      await writeSnapshotReport(context.out, { source, commit, files, repo }, snapshot);
      // Verified by the download, except small files, whose digests are not sha256.
      return { digests: sha256ByPath(files) };
    },
  };
}
