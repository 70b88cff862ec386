import { mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkSnapshot } from "../../checkpoint/check-snapshot.js";
import { checkWeights, type WeightsCheck } from "../../checkpoint/check-weights.js";
import { defaultFileSelection } from "../../checkpoint/file-selection.js";
import { type SnapshotFile, sha256ByPath, writeSnapshotReport } from "../../checkpoint/snapshot-report.js";
import { hubConnection } from "../../hub/connection.js";
import { downloadSnapshot } from "../../hub/download/download-snapshot.js";
import type { HubFile } from "../../hub/hub-file.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Operation } from "../stage.js";

export interface FetchHubParams extends JsonObject {
  /** `org/name`. */
  repo: string;
  /** The revision, resolved. */
  commit: string;
  files: readonly SnapshotFile[];
  allowUnsafe: boolean;
  checkWeights: WeightsCheck;
}

/** What changes how the download goes and nothing in its outcome. */
export interface FetchHubOptions {
  /** What the commit was resolved from. */
  revision: string;
  /** Everything the repository holds at that commit. */
  listing: readonly HubFile[];
  /** Files downloaded at once. */
  downloads: number;
}

/** Links and a report; the content itself lies in the Hugging Face cache, whose disk is looked at by the download. */
const outputBytes = 1 << 20;

/**
 * Brings a checkpoint at one commit into the Hugging Face cache, every file checked against the Hub's digest, checks
 * it as a local folder is, and links to its files. Outputs `snapshot/` and `snapshot.json`.
 * Errors: QS-FETCH-*, QS-HUB-*, QS-DISK-SPACE, QS-DISK-FULL.
 */
export function fetchHub({ revision, listing, downloads }: FetchHubOptions): Operation<FetchHubParams> {
  return {
    stage: "fetch",
    version: 3,
    resource: "io",
    tools: [],
    prepare: async () => ({ bytes: outputBytes }),
    async run({ repo, commit, files, allowUnsafe, checkWeights: check }, context) {
      const progress = { done: 0, total: files.reduce((sum, { bytes }) => sum + bytes, 0), unit: "byte" as const };
      const report = (note: string) => context.progress({ ...progress, ...(note === "" ? {} : { note }) });
      const folder = await downloadSnapshot(
        hubConnection(),
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
      const snapshot = await checkSnapshot(
        folder,
        { ...defaultFileSelection, allowUnsafe },
        new Set(files.map(({ path }) => path)),
      );
      report(check === "none" ? "" : "looking for NaN in the weights");
      await checkWeights(folder, snapshot.weights, check, { signal: context.signal });
      for (const { path } of files) {
        const link = join(context.out, "snapshot", path);
        await mkdir(dirname(link), { recursive: true });
        await symlink(await realpath(join(folder, path)), link);
      }
      await writeSnapshotReport(context.out, { source: `hf:${repo}`, commit, files }, snapshot);
      // The download has just checked them; the small files' digests are of another kind.
      return { digests: sha256ByPath(files) };
    },
  };
}
