import { setTimeout as sleep } from "node:timers/promises";

/** Holds back all requests of a connection while the Hub wants to be left alone. */
export class RateLimiter {
  #notBefore = 0;

  /** No request before this many milliseconds from now. */
  pause(milliseconds: number): void {
    this.#notBefore = Math.max(this.#notBefore, performance.now() + milliseconds);
  }

  /** Waits out a pause. Throws the abort reason when `signal` fires. */
  async waitUntilReady(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.#notBefore - performance.now();
      if (wait <= 0) return;
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
