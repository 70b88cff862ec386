/** A wait before the next request to the Hub. */
export interface HubWait {
  /** `listing main of org/name: the Hub's rate limit is reached (429)`. */
  why: string;
  /** Minimum duration. */
  seconds: number;
}

/** A shorter wait is not worth a message. */
const minMs = 5000;

const listeners: ((wait: HubWait) => void)[] = [];
/** End of the wait that was reported last, in milliseconds of this process. */
let reportedUntil = 0;

/**
 * Calls `listener` at the beginning of every wait of 5 s or more of any connection, instead of the listeners before it. One
 * wait of several requests counts once. Returns a function that removes the listener.
 */
export function onHubWait(listener: (wait: HubWait) => void): () => void {
  listeners.push(listener);
  reportedUntil = 0;
  return () => void listeners.splice(listeners.indexOf(listener), 1);
}

/** Reports a wait of at least so many milliseconds. */
export function reportHubWait(why: string, milliseconds: number): void {
  const until = performance.now() + milliseconds;
  if (milliseconds < minMs || until < reportedUntil + minMs) return;
  reportedUntil = until;
  listeners.at(-1)?.({ why, seconds: Math.round(milliseconds / 1000) });
}
