import PQueue from "p-queue";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, storageError, TemporaryFailure } from "../hub-error.js";
import { discard, type HubBody, send } from "../request.js";
import { retry } from "../retry-policy.js";
import { callOnce } from "./call-api.js";
import { type LfsUpload, planUpload } from "./lfs-batch.js";
import { filePart, type LocalFile, requireUnchanged } from "./local-file.js";
import { RestartUpload } from "./restart-upload.js";
import type { SendHooks } from "./send-hooks.js";
import { sendByXet } from "./xet/send-by-xet.js";

/** Storage statuses for an expired address or upload; a new address resolves them. */
const stale = [400, 401, 403, 404, 410];

/**
 * Uploads one file to large-file storage, which is addressed by sha256; stored content is not sent again. The Hub decides
 * whether by Xet or by LFS. Failed parts are retried individually. If addresses expire, the whole upload restarts.
 * Returns the number of bytes sent. Errors: QS-HUB-*, QS-INPUT-CHANGED.
 */
export async function sendObject(
  connection: HubConnection,
  repo: string,
  file: LocalFile,
  hooks: SendHooks,
): Promise<number> {
  const subject = { doing: `uploading ${file.path} to ${repo}`, repo, writes: true };
  const { signal } = hooks;
  let sentBytes = 0;
  return retry(connection.limits, signal, async () => {
    await requireUnchanged(file);
    const upload = await planUpload(connection, repo, file, subject, signal);
    if (upload === undefined) {
      hooks.onBytes(file.bytes);
      return sentBytes;
    }
    const sending =
      "renewal" in upload
        ? sendByXet(connection, repo, file, upload.renewal, subject, hooks)
        : transfer(connection, file, upload, subject, hooks);
    sentBytes += await sending.catch((error: unknown) => {
      throw error instanceof RestartUpload ? error.failure : error;
    });
    await requireUnchanged(file);
    if ("renewal" in upload) await requireStored(connection, repo, file, subject, signal);
    else if (upload.verify !== undefined) await confirm(connection, file, upload.verify, subject, signal);
    return sentBytes;
  });
}

/** Uploads a file by LFS. Returns its length. */
async function transfer(
  connection: HubConnection,
  file: LocalFile,
  { address, parts }: LfsUpload,
  subject: Subject,
  { signal, onBytes }: SendHooks,
): Promise<number> {
  if (parts === undefined) {
    await put(connection, address, filePart(file, 0, file.bytes, onBytes), subject, signal);
    return file.bytes;
  }
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = new PQueue({ concurrency: connection.limits.connectionsPerFile });
  const sent = new Map<number, number>();
  const onPart = (start: number) => (bytes: number) => {
    sent.set(start, bytes);
    onBytes([...sent.values()].reduce((sum, part) => sum + part, 0));
  };
  const tags = await Promise.all(
    parts.map((part) =>
      queue.add(async () => {
        either.throwIfAborted();
        try {
          const body = filePart(file, part.start, part.end, onPart(part.start));
          // Other parts are in progress, so each part is retried until its address expires.
          return await retry(connection.limits, either, () => put(connection, part.address, body, subject, either));
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      }),
    ),
  );
  const completion = { oid: file.sha256, parts: tags.map((etag, index) => ({ partNumber: index + 1, etag })) };
  const call = { method: "POST" as const, path: address, body: completion, accept: stale, subject };
  const contentType = "application/vnd.git-lfs+json";
  const { status } = await callOnce(connection, { ...call, contentType }, signal);
  if (stale.includes(status)) throw new TemporaryFailure(storageError(status, subject));
  return file.bytes;
}

/** Sends one body to the storage. Returns the ETag of the response. */
async function put(
  connection: HubConnection,
  url: URL,
  body: HubBody,
  subject: Subject,
  signal: AbortSignal,
): Promise<string> {
  const answer = await send(connection, {
    ...{ url, body, subject, signal, method: "PUT", headers: {} },
    accept: stale,
  });
  discard(answer.response);
  const { statusCode: status = 0, headers } = answer.response;
  if (stale.includes(status)) throw new RestartUpload(new TemporaryFailure(storageError(status, subject)));
  return headers.etag ?? "";
}

/** Requests the plan again, since Xet has no verification: a stored file needs no upload. */
async function requireStored(
  connection: HubConnection,
  repo: string,
  file: LocalFile,
  subject: Subject,
  signal: AbortSignal,
): Promise<void> {
  const again = await planUpload(connection, repo, file, subject, signal);
  if (again === undefined) return;
  throw new TemporaryFailure(invalidResponse(subject, "the storage does not contain the uploaded file"));
}

/** Requests the Hub's verification of an object uploaded by LFS. */
async function confirm(
  connection: HubConnection,
  { sha256, bytes }: LocalFile,
  path: URL,
  subject: Subject,
  signal: AbortSignal,
): Promise<void> {
  const call = {
    method: "POST" as const,
    path,
    body: { oid: sha256, size: bytes },
    accept: [400, 404, 409, 422],
    subject,
  };
  const { status } = await retry(connection.limits, signal, () => callOnce(connection, call, signal));
  if (status >= 400)
    throw new TemporaryFailure(invalidResponse(subject, `the Hub's verification of the upload failed (${status})`));
}
