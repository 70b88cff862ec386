import { setTimeout as sleep } from "node:timers/promises";

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
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
