import { invalidResponse, networkError, type Subject, TemporaryFailure } from "../hub-error.js";
import type { HubLimits } from "../limits.js";
import type { HubResponse } from "../request.js";
import { retry } from "../retry-policy.js";
import type { PartialFile, Span } from "./partial-file.js";
import { ContentChanged, RangesUnsupported, type RemoteFile, validatorOf } from "./remote-file.js";

/** Bytes gathered before they are written, so that the disk is not asked for every network packet; a piece at most. */
const gatherBytes = 2 ** 20;
/** How often a file may change under us before we stop to begin again. */
const maxContentChanges = 2;

export interface FillOptions {
  limits: HubLimits;
  signal: AbortSignal;
  /** Called whenever pieces were finished or forgotten. */
  onChange: () => void;
}

/**
 * Downloads what a partial file lacks, several parts at once, and tries again what fails.
 * Errors: QS-HUB-*; Node's own for the disk.
 */
export async function fillPartial(remote: RemoteFile, partial: PartialFile, options: FillOptions): Promise<void> {
  const { limits, onChange } = options;
  let ranges = partial.bytes > limits.pieceBytes;
  for (let moves = 0; !partial.isComplete; ) {
    const connections = ranges ? limits.connectionsPerFile : 1;
    try {
      await runConcurrently(connections, options.signal, (signal) =>
        fill(remote, partial, { ...options, signal }, ranges),
      );
    } catch (error) {
      if (error instanceof RangesUnsupported) ranges = false;
      else if (!(error instanceof ContentChanged)) throw error;
      else if (++moves > maxContentChanges)
        throw invalidResponse(remote.subject, "a file that changes while it is downloaded");
      await partial.restart();
      onChange();
    }
  }
}

/** Runs the same work several times at once; the first failure ends the others, and all have ended when this throws. */
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

/** Takes one span after the other until none is left. */
async function fill(remote: RemoteFile, partial: PartialFile, options: FillOptions, ranges: boolean): Promise<void> {
  const { limits, signal } = options;
  /** The failure of an attempt during which the file grew; it is the first of a new row. */
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
        await partial.remember(validator);
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

/** Writes an answer's body to its place. */
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
    // The piece at hand may have begun in an earlier write; spans begin where a piece does.
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
        throw new TemporaryFailure(invalidResponse(subject, "too many bytes"));
      gathered.push(chunk);
      gatheredBytes += chunk.length;
      if (gatheredBytes >= writeBytes) await flush();
    }
    if (gatheredBytes > 0) await flush();
  } finally {
    response.destroy();
  }
  if (written < end) throw new TemporaryFailure(networkError(new Error("the answer ended early"), subject));
}
