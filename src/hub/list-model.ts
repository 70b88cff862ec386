import { readFile } from "node:fs/promises";
import { listFiles, modelInfo } from "@huggingface/hub";
import { apiFetch } from "./api-fetch.js";
import { repoCache } from "./cache-layout.js";
import type { HubConnection } from "./connection.js";
import { badAnswer, offlineError, type Subject } from "./hub-error.js";
import { type HubFile, isCommit, isSafePath } from "./hub-file.js";
import { listSnapshot } from "./list-snapshot.js";
import { readTree } from "./tree-cache.js";

export interface ModelListing {
  commit: string;
  /** Every file of the repository at that commit, sorted by path. */
  files: HubFile[];
}

/** More files than any model has; a listing without end must end somewhere. */
const maxFiles = 100_000;
const never = new AbortController().signal;

/**
 * Resolves a revision to its commit with one request and lists the files at that commit; offline, the same from the
 * cache. Errors: QS-HUB-*.
 */
export async function listModel(
  connection: HubConnection,
  repo: string,
  revision: string,
  signal: AbortSignal = never,
): Promise<ModelListing> {
  if (connection.offline) return listCached(connection, repo, revision);
  const subject = { doing: `listing ${revision} of ${repo}`, repo };
  const access = { hubUrl: connection.endpoint, fetch: apiFetch(connection, subject, signal) };
  const { sha: commit } = await modelInfo({ ...access, name: repo, revision, additionalFields: ["sha"] }).catch(
    plainly,
  );
  if (!isCommit(commit)) throw badAnswer(subject, "the revision's commit is no commit id");
  const files = new Map<string, HubFile>();
  try {
    for await (const entry of listFiles({ ...access, repo, revision: commit, recursive: true })) {
      if (entry.type !== "file") continue;
      const file = toHubFile(entry, subject);
      if (files.has(file.path) || files.size === maxFiles) throw badAnswer(subject, "a listing that does not end");
      files.set(file.path, file);
    }
  } catch (error) {
    plainly(error);
  }
  return { commit, files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };

  /** The library reads the answers' JSON and stumbles over anything else. */
  function plainly(error: unknown): never {
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw badAnswer(subject, "an answer that is no JSON");
    throw error;
  }
}

type ListedFile = { path: string; size: number; oid?: string; lfs?: { oid: string; size: number }; xetHash?: string };

/** A listing is text from elsewhere: its names become paths and its digests become file names here. */
function toHubFile({ path, size, oid, lfs, xetHash }: ListedFile, subject: Subject): HubFile {
  const bytes = lfs?.size ?? size;
  if (typeof path !== "string" || !isSafePath(path)) {
    throw badAnswer(subject, `the unsafe file name ${JSON.stringify(String(path).slice(0, 200))}`);
  }
  const sound = Number.isSafeInteger(bytes) && bytes >= 0 && isCommit(oid);
  if (!sound || oid === undefined || (lfs !== undefined && !/^[0-9a-f]{64}$/.test(lfs.oid))) {
    throw badAnswer(subject, `no usable size and digest for ${JSON.stringify(path)}`);
  }
  const digest = lfs === undefined ? `git-sha1:${oid}` : `sha256:${lfs.oid}`;
  return { path, bytes, digest, blobId: oid, ...(xetHash === undefined ? {} : { xetHash }) };
}

async function listCached({ cacheFolder }: HubConnection, repo: string, revision: string): Promise<ModelListing> {
  const cache = repoCache(cacheFolder, repo);
  const commit = isCommit(revision) ? revision : await readFile(cache.ref(revision), "utf8").catch(() => "");
  if (!isCommit(commit.trim())) throw offlineError(`the revision ${revision} of ${repo}`);
  const files = (await readTree(cache.tree(commit.trim()))) ?? (await listSnapshot(cache.snapshot(commit.trim())));
  if (files.length === 0) throw offlineError(`${repo} at ${commit.trim()}`);
  return { commit: commit.trim(), files };
}
