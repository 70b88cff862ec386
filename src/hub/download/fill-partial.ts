import { invalidResponse, networkError, type Subject, TemporaryFailure } from "../hub-error.js";
import type { HubLimits } from "../limits.js";
import type { HubResponse } from "../request.js";
import { retry } from "../retry-policy.js";
import type { PartialFile, Span } from "./partial-file.js";
import { ContentChanged, RangesUnsupported, type RemoteFile, validatorOf } from "./remote-file.js";

/** Bytes buffered per write, to avoid one write per network packet; limited to the piece size. */
const gatherBytes = 2 ** 20;
/** Restarts because of changed content before the download fails. */
const maxContentChanges = 2;

export interface FillOptions {
  limits: HubLimits;
  signal: AbortSignal;
  /** Called after pieces are finished or discarded. */
  onChange: () => void;
}

/**
 * Downloads the missing pieces of a partial file in concurrent requests and retries failures.
 * Errors: QS-HUB-*; Node's errors of the disk.
 */
export async function fillPartial(remote: RemoteFile, partial: PartialFile, options: FillOptions): Promise<void> {
  const { limits, onChange } = options;
  let ranges = partial.bytes > limits.pieceBytes;
  for (let changes = 0; !partial.isComplete; ) {
    const connections = ranges ? limits.connectionsPerFile : 1;
    try {
      await runConcurrently(connections, options.signal, (signal) =>
        fill(remote, partial, { ...options, signal }, ranges),
      );
    } catch (error) {
      if (error instanceof RangesUnsupported) ranges = false;
      else if (!(error instanceof ContentChanged)) throw error;
      else if (++changes > maxContentChanges)
        throw invalidResponse(remote.subject, "the file changed during the download");
      await partial.restart();
      onChange();
    }
  }
}

/** Runs `count` copies of `work` concurrently. The first failure aborts the others; rejects after all have ended. */
async function runConcurrently(count: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>) {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const runs = Array.from({ length: count }, async () => {
    try {
      await work(either);
    } catch (error) {
      failed.abort(error);
    }
  });
  await Promise.all(runs);
  failed.signal.throwIfAborted();
}

/** Downloads spans until none is left. */
async function fill(remote: RemoteFile, partial: PartialFile, options: FillOptions, ranges: boolean): Promise<void> {
  const { limits, signal } = options;
  /** Failure of an attempt that made progress: it starts a new count of consecutive failures. */
  let failure: unknown;
  const takeSpan = async (): Promise<boolean> => {
    if (failure !== undefined) {
      const first = failure;
      failure = undefined;
      throw first;
    }
    const span = partial.claim(ranges ? limits.spanBytes : Number.POSITIVE_INFINITY);
    if (span === undefined) return false;
    const before = partial.doneBytes;
    try {
      const answer = ranges
        ? await remote.fetchRange(span, partial.validator, signal)
        : await remote.fetchWhole(signal);
      const validator = validatorOf(answer);
      if (ranges && validator !== undefined && partial.validator?.origin !== validator.origin) {
        await partial.setValidator(validator);
      }
      await receive(answer, ranges ? span : { start: 0, end: partial.bytes }, partial, remote.subject, options);
    } catch (error) {
      if (partial.doneBytes <= before) throw error;
      failure = error;
    } finally {
      partial.release(span);
    }
    return true;
  };
  while (await retry(limits, signal, takeSpan));
}

/** Writes a response body to its position in the file. */
async function receive(
  { response }: HubResponse,
  { start, end }: Span,
  partial: PartialFile,
  subject: Subject,
  { signal, onChange }: FillOptions,
): Promise<void> {
  const writeBytes = Math.min(gatherBytes, partial.pieceBytes);
  let written = start;
  let gathered: Buffer[] = [];
  let gatheredBytes = 0;
  const flush = async () => {
    await partial.write(gathered, written);
    const from = written;
    written += gatheredBytes;
    gathered = [];
    gatheredBytes = 0;
    // The current piece may have started in an earlier write; spans start at piece boundaries.
    await partial.finish({ start: from - (from % partial.pieceBytes), end: written });
    onChange();
  };
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const { value: chunk, done } = await chunks.next().catch((error) => {
        signal.throwIfAborted();
        throw new TemporaryFailure(networkError(error, subject));
      });
      if (done === true) break;
      if (written + gatheredBytes + chunk.length > end)
        throw new TemporaryFailure(invalidResponse(subject, "the response is longer than requested"));
      gathered.push(chunk);
      gatheredBytes += chunk.length;
      if (gatheredBytes >= writeBytes) await flush();
    }
    if (gatheredBytes > 0) await flush();
  } finally {
    response.destroy();
  }
  if (written < end) throw new TemporaryFailure(networkError(new Error("the response ended early"), subject));
}
