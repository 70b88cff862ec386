import { mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SnapshotFile } from "../../checkpoint/snapshot-report.js";
import { hubConnection } from "../../hub/connection.js";
import { downloadSnapshot } from "../../hub/download/download-snapshot.js";
import type { HubFile } from "../../hub/hub-file.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { copyOrReflink } from "../../util/copy-file.js";
import { type Operation, requiredInput, type StageContext } from "../stage.js";

export interface FetchReleaseParams extends JsonObject {
  /** The release, `hf:org/name@commit`, or `local folder`. */
  release: string;
  /** The model files of its variants, which are linked. */
  models: readonly SnapshotFile[];
  /** Files that are copied, since the new release contains them. */
  others: readonly SnapshotFile[];
}

/** A commit of a repository with its complete listing; undefined for a folder, the input `folder`. */
export type HubPlace = { repo: string; commit: string; listing: readonly HubFile[]; downloads: number } | undefined;

/**
 * Provides files of a verified release: downloads them to the Hugging Face cache, or takes them from a folder, with the
 * digests that were verified. Output `release/`. Errors: QS-HUB-*, QS-FETCH-HASH, QS-DISK-*, QS-INPUT-CHANGED.
 */
export function fetchRelease(hub: HubPlace): Operation<FetchReleaseParams> {
  return {
    stage: "fetch",
    version: 1,
    resource: "io",
    tools: [],
    async run({ models, others }, context) {
      const files = [...models, ...others];
      const folder =
        hub === undefined ? await realpath(requiredInput(context, "folder")) : await download(hub, files, context);
      for (const { path } of files) {
        const [from, to] = [await realpath(join(folder, path)), join(context.out, "release", path)];
        await mkdir(dirname(to), { recursive: true });
        if (models.some((model) => model.path === path)) await symlink(from, to);
        else await copyOrReflink(from, to, { signal: context.signal, onBytes: () => undefined });
      }
      // Downloads are verified; files of a folder may have changed since they were.
      return { [hub === undefined ? "expectedDigests" : "digests"]: digestsOf(files) };
    },
  };
}

function download(
  { repo, commit, listing, downloads }: NonNullable<HubPlace>,
  files: readonly SnapshotFile[],
  { signal, progress }: StageContext,
): Promise<string> {
  let note = "";
  let done = 0;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const report = () => progress({ done, total, unit: "byte", ...(note === "" ? {} : { note }) });
  return downloadSnapshot(
    hubConnection(),
    { repo, commit, revision: "main", files, listing, downloads },
    {
      signal,
      onProgress: (bytes, _total, rate) => {
        [done, note] = [bytes, rate];
        report();
      },
      onNote: (text) => {
        note = text;
        report();
      },
    },
  );
}

function digestsOf(files: readonly SnapshotFile[]): Record<string, string> {
  return Object.fromEntries(
    files.flatMap(({ path, digest }) => (digest.startsWith("sha256:") ? [[`release/${path}`, digest.slice(7)]] : [])),
  );
}
