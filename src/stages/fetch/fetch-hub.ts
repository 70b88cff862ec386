import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import { download } from "../../hub/download.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Operation } from "../stage.js";
import { checkSnapshot } from "./check-snapshot.js";
import { type SnapshotFile, writeSnapshotReport } from "./snapshot-report.js";

export interface FetchHubParams extends JsonObject {
  /** `org/name`. */
  repo: string;
  /** The revision, resolved. */
  commit: string;
  files: readonly SnapshotFile[];
}

/**
 * Downloads a checkpoint at one commit, every file checked against the Hub's digest, and then as a local folder is.
 * Outputs `snapshot/` and `snapshot.json`. Errors: QS-FETCH-*, QS-HUB-*.
 */
export const fetchHub: Operation<FetchHubParams> = {
  stage: "fetch",
  version: 1,
  resource: "io",
  tools: [],
  async run({ repo, commit, files }, context) {
    const connection = hubConnection();
    const folder = join(context.out, "snapshot");
    await mkdir(folder);
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    let done = 0;
    for (const file of files) {
      const onBytes = (bytes: number) => {
        done += bytes;
        context.progress({ done, total, unit: "byte" });
      };
      await download(connection, { repo, commit, file, to: join(folder, file.path), signal: context.signal, onBytes });
    }
    const snapshot = await checkSnapshot(folder);
    await writeSnapshotReport(context.out, { source: `hf:${repo}`, commit, files }, snapshot);
    return {};
  },
};
