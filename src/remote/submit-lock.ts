import PQueue from "p-queue";
import type { Runtime } from "../engine/runtime.js";
import { lockPath } from "../engine/workspace.js";
import { withLock } from "../util/lock.js";

/** Another run took the lock over while this process was suspended, and may have submitted jobs since. */
export class SubmitLockLost extends Error {
  constructor() {
    super("another run is submitting jobs");
  }
}

/** The lock of an output folder under which runs submit or cancel jobs, one at a time. */
export class SubmitLock {
  readonly #runtime: Pick<Runtime, "workspace" | "events">;
  /** This run's own turns, so that a wait is always for another run. */
  readonly #turns = new PQueue({ concurrency: 1 });

  constructor(runtime: Pick<Runtime, "workspace" | "events">) {
    this.#runtime = runtime;
  }

  /**
   * Runs work under the lock; reports a wait for another run as a note of the step. The work calls `requireHeld` before each
   * change of the queue or of job files. Errors: SubmitLockLost, QS-ENV-LOCK, the reason of `signal`.
   */
  run<T>(step: string, signal: AbortSignal, work: (requireHeld: () => void) => Promise<T>): Promise<T> {
    const { workspace, events } = this.#runtime;
    const onWait = (owner: string) =>
      events.emit({
        type: "step-note",
        id: step,
        note: `waiting for another run that submits or cancels jobs: ${owner}`,
      });
    return this.#turns.add(() =>
      withLock(lockPath(workspace, "submit"), { signal, onWait }, ({ isHeld }) =>
        work(() => {
          if (!isHeld()) throw new SubmitLockLost();
        }),
      ),
    );
  }
}
