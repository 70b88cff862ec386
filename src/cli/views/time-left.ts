import type { TimedEvent } from "../../engine/events.js";
import { formatSeconds } from "./describe.js";
import { StepRate } from "./step-rate.js";

/** Estimates the remaining time of a run from the durations of earlier builds and the rates of running steps. */
export class TimeLeft {
  readonly #expected = new Map<string, number>();
  readonly #unknown = new Set<string>();
  readonly #rates = new Map<string, StepRate>();
  readonly #clock: () => number;

  /** `clock`: milliseconds. Unlike the system's clock, the default is never set back. */
  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  follow(event: TimedEvent): void {
    if (event.type === "run-started") {
      for (const { id, expectedSeconds } of event.steps) {
        if (expectedSeconds === undefined) this.#unknown.add(id);
        else this.#expected.set(id, expectedSeconds);
      }
    } else if (event.type === "step-progress") {
      const { id, progress } = event;
      const rate = this.#rates.get(id);
      if (rate === undefined) this.#rates.set(id, new StepRate(progress, this.#clock));
      else rate.update(progress);
    } else if (event.type === "step-finished") {
      this.#expected.delete(event.id);
      this.#unknown.delete(event.id);
      this.#rates.delete(event.id);
    }
  }

  /** Returns the rate of a running step; undefined before its first progress. */
  rateOf(id: string): StepRate | undefined {
    return this.#rates.get(id);
  }

  /** Returns "about 40 s left", "at least …" while steps without an estimate remain, or "" without any estimate. */
  text(): string {
    const estimates = new Map(this.#expected);
    for (const [id, rate] of this.#rates) {
      const left = rate.secondsLeft();
      if (left !== undefined) estimates.set(id, left);
    }
    const seconds = [...estimates.values()].reduce((sum, value) => sum + value, 0);
    // Steps that are in the store take no time.
    if (seconds === 0) return "";
    const isComplete = [...this.#unknown].every((id) => estimates.has(id));
    return `${isComplete ? "about" : "at least"} ${formatSeconds(seconds)} left`;
  }
}
