/** Timeouts, retries and concurrency of a connection. */
export interface HubLimits {
  /** Time without received data after which a request is aborted and retried. */
  stallMs: number;
  /** The same for a commit and a shard of Xet, whose processing time on the Hub grows with the number of files and chunks. */
  commitStallMs: number;
  /** Slowest accepted transfer, measured over a minute; a slower one is aborted and retried. */
  minBytesPerSecond: number;
  /** Consecutive failures without any finished piece after which a request fails: about a minute. */
  attempts: number;
  /** Wait after the first failure; doubles with each further one up to `maxDelayMs`, minus a random part. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** Longest accepted `Retry-After`; a longer one fails the request. */
  maxRetryAfterMs: number;
  /** Pages of one listing, with 50 entries or more each; a longer one is an error, as its pages may never end. */
  maxPages: number;
  /** Concurrent requests for parts of one file, for downloads and uploads. */
  connectionsPerFile: number;
  /** Bytes per journal entry of a download: the most that a killed process loses per connection. */
  pieceBytes: number;
  /** Bytes per range request; a multiple of `pieceBytes`. */
  spanBytes: number;
  /** Bytes per request of an upload by Xet, at most the 64 MiB of its storage: the most that a killed process sends again per connection. */
  xorbBytes: number;
}

export const defaultLimits: HubLimits = {
  stallMs: 30_000,
  commitStallMs: 180_000,
  minBytesPerSecond: 1000,
  attempts: 8,
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 10 * 60_000,
  maxPages: 2000,
  connectionsPerFile: 4,
  pieceBytes: 4 * 2 ** 20,
  spanBytes: 32 * 2 ** 20,
  xorbBytes: 64 * 2 ** 20,
};
