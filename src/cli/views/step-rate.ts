import type { Progress } from "../../stages/stage.js";

/** Units of work per second of one running step, since its first progress. */
export class StepRate {
  readonly #clock: () => number;
  readonly #started: number;
  readonly #before: number;
  #last: Progress;

  constructor(first: Progress, clock: () => number) {
    this.#clock = clock;
    this.#started = clock();
    this.#before = first.done;
    this.#last = first;
  }

  update(progress: Progress): void {
    this.#last = progress;
  }

  /** Undefined until work was done after the first progress. */
  perSecond(): number | undefined {
    const seconds = (this.#clock() - this.#started) / 1000;
    const done = this.#last.done - this.#before;
    return seconds > 0 && done > 0 ? done / seconds : undefined;
  }

  /** Undefined without a rate, or if the total is unknown and only counts what is done. */
  secondsLeft(): number | undefined {
    const rate = this.perSecond();
    const left = this.#last.total - this.#last.done;
    return rate === undefined || left <= 0 ? undefined : left / rate;
  }
}
