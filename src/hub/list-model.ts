import { listFiles, modelInfo } from "@huggingface/hub";
import type { HubConnection } from "./connection.js";
import { asHubError } from "./hub-error.js";

export interface HubFile {
  path: string;
  bytes: number;
  /** `sha256:<hex>` for files in large-file storage, `git-sha1:<hex>` (blob id) for the others. */
  digest: string;
}

/**
 * Resolves a revision to its commit once and lists the files at that commit.
 * Errors: QS-HUB-ACCESS, QS-HUB-MISSING, QS-HUB-NETWORK, QS-HUB-FAILED.
 */
export async function listModel(
  connection: HubConnection,
  repo: string,
  revision: string,
): Promise<{ commit: string; files: HubFile[] }> {
  const access = {
    hubUrl: connection.endpoint,
    ...(connection.token === undefined ? {} : { accessToken: connection.token }),
  };
  try {
    const { sha: commit } = await modelInfo({ ...access, name: repo, revision, additionalFields: ["sha"] });
    const files: HubFile[] = [];
    for await (const entry of listFiles({ ...access, repo, revision: commit })) {
      if (entry.type !== "file") continue;
      const digest = entry.lfs === undefined ? `git-sha1:${entry.oid}` : `sha256:${entry.lfs.oid}`;
      files.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, digest });
    }
    return { commit, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
  } catch (error) {
    throw asHubError(error, `listing ${revision}`, repo);
  }
}
