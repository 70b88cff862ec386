import { posix } from "node:path";
import type { HubConnection } from "./connection.js";
import type { HubFile } from "./hub-file.js";
import { listCommit, resolveCommit } from "./list-commit.js";
import { listCached } from "./list-model.js";

export interface DatasetFile {
  commit: string;
  /** Undefined if the data set has no such file at that commit. */
  file: HubFile | undefined;
  /** The data set's name, if the Hub leads to another one than requested; text of a server. */
  movedTo?: string;
  /** Whether only members may read the data set; absent if unknown. */
  private?: boolean;
}

const never = new AbortController().signal;

/**
 * Finds one file of a data set. Lists only the file's folder, since some data sets are too large to list. Offline, the
 * cache is used. `repo` is `datasets/org/name`. Errors: QS-HUB-*.
 */
export async function findDatasetFile(
  connection: HubConnection,
  { repo, revision, path }: { repo: string; revision: string; path: string },
  signal: AbortSignal = never,
): Promise<DatasetFile> {
  if (connection.offline) {
    const { commit, files } = await listCached(connection, repo, revision);
    return { commit, file: files.find((file) => file.path === path) };
  }
  const { commit, private: isPrivate, movedTo } = await resolveCommit(connection, repo, revision, signal);
  const folder = posix.dirname(path);
  const subject = { doing: `finding ${path} in ${repo}`, repo };
  const files = await listCommit(connection, { repo, commit, folder: folder === "." ? "" : folder }, subject, signal);
  const file = files.find((one) => one.path === path);
  return { commit, file, private: isPrivate, ...(movedTo !== undefined && { movedTo }) };
}
