import { quote } from "../util/quote.js";
import { apiFetch } from "./api-fetch.js";
import type { HubConnection } from "./connection.js";
import { invalidResponse, type Subject } from "./hub-error.js";
import { type HubFile, isCommit, isSafePath } from "./hub-file.js";

/** More files than any model has; a listing without end must end somewhere. */
const maxFiles = 100_000;
const datasetPrefix = "datasets/";

/** The library, of which a run on a local checkpoint has no need. */
const library = () => import("@huggingface/hub");

/**
 * Asks the Hub which commit a revision is. `repo` is `org/name`, or `datasets/org/name` for a data set.
 * Errors: QS-HUB-*.
 */
export async function resolveCommit(
  connection: HubConnection,
  repo: string,
  revision: string,
  signal: AbortSignal,
): Promise<string> {
  const subject = { doing: `listing ${revision} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal), revision };
  const { datasetInfo, modelInfo } = await library();
  const asked = repo.startsWith(datasetPrefix)
    ? datasetInfo({ ...access, name: repo.slice(datasetPrefix.length), additionalFields: ["sha"] })
    : modelInfo({ ...access, name: repo, additionalFields: ["sha"] });
  const { sha: commit } = await asked.catch((error) => unreadable(error, subject));
  if (!isCommit(commit)) throw invalidResponse(subject, "the revision's commit is no commit id");
  return commit;
}

/** Lists the files at a commit: all of the repository, or those directly in `folder`. Errors: QS-HUB-*. */
export async function listCommit(
  connection: HubConnection,
  { repo, commit, folder }: { repo: string; commit: string; folder?: string },
  subject: Subject,
  signal: AbortSignal,
): Promise<HubFile[]> {
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal) };
  const within = folder === undefined ? { recursive: true } : folder === "" ? {} : { path: folder };
  const designation = repo.startsWith(datasetPrefix)
    ? { type: "dataset" as const, name: repo.slice(datasetPrefix.length) }
    : { type: "model" as const, name: repo };
  const files = new Map<string, HubFile>();
  const { listFiles } = await library();
  try {
    for await (const entry of listFiles({ ...access, repo: designation, revision: commit, ...within })) {
      if (entry.type !== "file") continue;
      const file = toHubFile(entry, subject);
      if (files.has(file.path) || files.size === maxFiles)
        throw invalidResponse(subject, "a listing that does not end");
      files.set(file.path, file);
    }
  } catch (error) {
    unreadable(error, subject);
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The library reads the answers' JSON and stumbles over anything else. */
function unreadable(error: unknown, subject: Subject): never {
  if (error instanceof SyntaxError || error instanceof TypeError)
    throw invalidResponse(subject, "an answer that is no JSON");
  throw error;
}

type ListedFile = { path: string; size: number; oid?: string; lfs?: { oid: string; size: number }; xetHash?: string };

/** A listing is text from elsewhere: its names become paths and its digests become file names here. */
function toHubFile({ path, size, oid, lfs, xetHash }: ListedFile, subject: Subject): HubFile {
  const bytes = lfs?.size ?? size;
  if (typeof path !== "string" || !isSafePath(path)) {
    throw invalidResponse(subject, `the unsafe file name ${quote(String(path))}`);
  }
  const sound = Number.isSafeInteger(bytes) && bytes >= 0 && isCommit(oid);
  if (!sound || oid === undefined || (lfs !== undefined && !/^[0-9a-f]{64}$/.test(lfs.oid))) {
    throw invalidResponse(subject, `no usable size and digest for ${quote(path)}`);
  }
  const digest = lfs === undefined ? `git-sha1:${oid}` : `sha256:${lfs.oid}`;
  return { path, bytes, digest, blobId: oid, ...(xetHash === undefined ? {} : { xetHash }) };
}
