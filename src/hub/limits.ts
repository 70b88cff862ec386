/** How patient and how greedy a connection is; tests use smaller numbers. */
export interface HubLimits {
  /** A connection that brings no byte for this long is given up and tried again. */
  stallMs: number;
  /** The same for a commit, which takes the Hub longer the more files it has. */
  commitStallMs: number;
  /** Failures in a row, without a piece gained between them, after which a request is given up: about a minute. */
  attempts: number;
  /** Wait after the first failure; doubled with each further one up to `maxDelayMs`, less a random part. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** A `Retry-After` beyond this is not waited for. */
  maxRetryAfterMs: number;
  /** Requests for parts of one file that run at once, down or up. */
  connectionsPerFile: number;
  /** What a killed download may lose per connection. */
  pieceBytes: number;
  /** Bytes asked for by one request for a part of a file; a multiple of `pieceBytes`. */
  spanBytes: number;
}

export const defaultLimits: HubLimits = {
  stallMs: 30_000,
  commitStallMs: 180_000,
  attempts: 8,
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 10 * 60_000,
  connectionsPerFile: 4,
  pieceBytes: 4 * 2 ** 20,
  spanBytes: 32 * 2 ** 20,
};
