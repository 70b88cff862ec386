import { setTimeout as sleep } from "node:timers/promises";
import { reportHubWait } from "./hub-waits.js";

/** Delays all requests of a connection while the Hub's rate limit applies. */
export class RateLimiter {
  #notBefore = 0;

  /** Delays all requests until this many milliseconds from now. */
  pause(milliseconds: number): void {
    this.#notBefore = Math.max(this.#notBefore, performance.now() + milliseconds);
  }

  /** Resolves after the pause. Throws the abort reason of `signal`. */
  async waitUntilReady(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.#notBefore - performance.now();
      if (wait <= 0) return;
      reportHubWait("the Hub's rate limit is reached (429)", wait);
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
