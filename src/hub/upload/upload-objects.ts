import PQueue from "p-queue";
import type { HubConnection } from "../connection.js";
import { TransferRate } from "../transfer-rate.js";
import type { LocalFile } from "./local-file.js";
import { sendObject } from "./send-object.js";

/** Concurrent files; each may send several parts at once. */
const maxConcurrentFiles = 2;

export interface UploadHooks {
  signal: AbortSignal;
  /** Bytes in storage and in total; `rate` is text such as `12.3 MB/s, 4 min left`, or empty. */
  onProgress: (done: number, total: number, rate: string) => void;
}

/**
 * Uploads files to a repository's large-file storage; equal content is sent once, stored content not at all.
 * Returns the number of bytes sent. Errors: QS-HUB-*, QS-INPUT-CHANGED.
 */
export async function uploadObjects(
  connection: HubConnection,
  repo: string,
  files: readonly LocalFile[],
  { signal, onProgress }: UploadHooks,
): Promise<number> {
  const byContent = [...new Map(files.map((file) => [file.sha256, file])).values()];
  const total = byContent.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = new Map<string, number>();
  const rate = new TransferRate();
  const onBytes = (sha256: string) => (bytes: number) => {
    done.set(sha256, bytes);
    const sum = [...done.values()].reduce((a, b) => a + b, 0);
    rate.record(sum);
    onProgress(sum, total, rate.describe(total));
  };
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = new PQueue({ concurrency: maxConcurrentFiles });
  let sentBytes = 0;
  await Promise.all(
    byContent.map((file) =>
      queue.add(async () => {
        either.throwIfAborted();
        try {
          const bytes = await sendObject(connection, repo, file, { signal: either, onBytes: onBytes(file.sha256) });
          sentBytes += bytes;
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      }),
    ),
  );
  return sentBytes;
}
