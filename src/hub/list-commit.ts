import { quote } from "../util/quote.js";
import { apiFetch } from "./api-fetch.js";
import type { HubConnection } from "./connection.js";
import { invalidResponse, rethrowLibraryError, type Subject } from "./hub-error.js";
import { type HubFile, isCommit, isSafePath } from "./hub-file.js";
import type { Gating } from "./upload/repository.js";

/** More files than any model has; bounds a listing whose pages never end. */
const maxFiles = 100_000;
const datasetPrefix = "datasets/";

/** Imported on use, since a run on a local checkpoint does not need the library. */
const library = () => import("@huggingface/hub");

/**
 * Resolves a revision to its commit, and returns who may read the repository, and its name if the Hub has another one for it,
 * as after a rename. `repo` is `org/name`, or `datasets/org/name` for a data set. Errors: QS-HUB-*.
 */
export async function resolveCommit(
  connection: HubConnection,
  repo: string,
  revision: string,
  signal: AbortSignal,
): Promise<{ commit: string; private: boolean; gated: Gating; movedTo?: string }> {
  const subject = { doing: `listing ${revision} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal), revision };
  const { datasetInfo, modelInfo } = await library();
  const isDataset = repo.startsWith(datasetPrefix);
  const ownName = isDataset ? repo.slice(datasetPrefix.length) : repo;
  const request = { ...access, name: ownName, additionalFields: ["sha" as const] };
  const info = isDataset ? datasetInfo(request) : modelInfo(request);
  const {
    sha: commit,
    private: isPrivate,
    gated,
    name,
  } = await info.catch((error) => rethrowLibraryError(error, subject));
  if (!isCommit(commit)) throw invalidResponse(subject, "the response does not contain a valid commit id");
  // The Hub accepts names in other letters.
  const isMoved = typeof name === "string" && name.toLowerCase() !== ownName.toLowerCase();
  const moved = isMoved && { movedTo: connection.quote(name) };
  const readers = {
    private: isPrivate === true,
    gated: gated === "auto" || gated === "manual" ? gated : (false as const),
  };
  return { commit, ...readers, ...moved };
}

/** Lists the files at a commit: the whole repository, or only the files directly in `folder`. Errors: QS-HUB-*. */
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
      const file = toHubFile(entry, connection, subject);
      if (files.has(file.path) || files.size === maxFiles)
        throw invalidResponse(subject, "the listing repeats files or is too long");
      files.set(file.path, file);
    }
  } catch (error) {
    rethrowLibraryError(error, subject);
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

type ListedFile = { path: string; size: number; oid?: string; lfs?: { oid: string; size: number }; xetHash?: string };

/** Validates an entry of a listing, since its name becomes a path and its digest a file name. */
function toHubFile(
  { path, size, oid, lfs, xetHash }: ListedFile,
  connection: HubConnection,
  subject: Subject,
): HubFile {
  const shown = (name: string) => quote(connection.quote(name));
  const bytes = lfs?.size ?? size;
  if (typeof path !== "string" || !isSafePath(path)) {
    throw invalidResponse(subject, `the listing contains the unsafe file name ${shown(String(path))}`);
  }
  const isValid = Number.isSafeInteger(bytes) && bytes >= 0 && isCommit(oid);
  if (!isValid || oid === undefined || (lfs !== undefined && !/^[0-9a-f]{64}$/.test(lfs.oid))) {
    throw invalidResponse(subject, `the listing has no valid size and digest for ${shown(path)}`);
  }
  const digest = lfs === undefined ? `git-sha1:${oid}` : `sha256:${lfs.oid}`;
  return { path, bytes, digest, blobId: oid, ...(xetHash === undefined ? {} : { xetHash }) };
}
