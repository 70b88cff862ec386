import type { TimedEvent } from "../../engine/events.js";
import { formatSeconds } from "./describe.js";

/** Estimates the remaining time of a run from its events and the durations of earlier builds. */
export class TimeLeft {
  readonly #expected = new Map<string, number>();
  #unknown = new Set<string>();

  follow(event: TimedEvent): void {
    if (event.type === "run-started") {
      for (const { id, expectedSeconds } of event.steps) {
        if (expectedSeconds === undefined) this.#unknown.add(id);
        else this.#expected.set(id, expectedSeconds);
      }
    } else if (event.type === "step-finished") {
      this.#expected.delete(event.id);
      this.#unknown.delete(event.id);
    }
  }

  /** Returns "about 40 s left", "at least …" while steps without an earlier build remain, or "" without any estimate. */
  text(): string {
    const seconds = [...this.#expected.values()].reduce((sum, value) => sum + value, 0);
    // Steps that are in the store take no time.
    if (seconds === 0) return "";
    return `${this.#unknown.size === 0 ? "about" : "at least"} ${formatSeconds(seconds)} left`;
  }
}
