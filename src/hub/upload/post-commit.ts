import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { isCommit } from "../hub-file.js";
import { callOnce } from "./call-api.js";
import { type LocalFile, readUnchanged } from "./local-file.js";

/** A commit to create. */
export interface CommitRequest {
  repo: string;
  /** Branch, or `refs/pr/<number>`. */
  revision: string;
  /** Parent commit; the Hub rejects the commit if the revision has moved. */
  parent: string;
  title: string;
  description: string;
  files: readonly LocalFile[];
  /** Paths of `files` whose content is in large-file storage. */
  large: ReadonlySet<string>;
  deletions: readonly string[];
  pullRequest: boolean;
}

export type CommitOutcome =
  | { kind: "made"; commit: string }
  /** No commit was created: the revision is no longer at `parent`. */
  | { kind: "moved" };

const responseSchema = z.object({ commitOid: z.string() });

/**
 * Creates one commit, in one attempt. After a TemporaryFailure the commit may exist: the caller must read the revision
 * before retrying. Errors: QS-HUB-*, QS-INPUT-CHANGED.
 */
export async function postCommit(
  connection: HubConnection,
  request: CommitRequest,
  subject: Subject,
  signal: AbortSignal,
): Promise<CommitOutcome> {
  const { repo, revision, pullRequest } = request;
  const query = pullRequest ? "?create_pr=1" : "";
  const path = `/api/models/${repo}/commit/${encodeURIComponent(revision)}${query}`;
  const body = Buffer.from((await lines(request)).map((line) => JSON.stringify(line)).join("\n"));
  const { status, json } = await callOnce(
    connection,
    {
      ...{ method: "POST", path, body, subject, contentType: "application/x-ndjson", accept: [409, 412] },
      stallMs: connection.limits.commitStallMs,
    },
    signal,
  );
  if (status === 409 || status === 412) return { kind: "moved" };
  const commit = responseSchema.safeParse(json).data?.commitOid;
  if (!isCommit(commit))
    throw new TemporaryFailure(invalidResponse(subject, "the response does not contain a commit id"));
  return { kind: "made", commit };
}

async function lines({ title, description, parent, files, large, deletions }: CommitRequest): Promise<object[]> {
  const added = await Promise.all(
    files.map(async (file) => {
      const { path, bytes, sha256 } = file;
      if (large.has(path)) return { key: "lfsFile", value: { path, algo: "sha256", oid: sha256, size: bytes } };
      const content = (await readUnchanged(file)).toString("base64");
      return { key: "file", value: { path, content, encoding: "base64" } };
    }),
  );
  const deleted = deletions.map((path) => ({ key: "deletedFile", value: { path } }));
  return [{ key: "header", value: { summary: title, description, parentCommit: parent } }, ...added, ...deleted];
}
