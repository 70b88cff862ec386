import { Listr, type ListrTaskWrapper } from "listr2";
import type { EventListener, StepIdentity, TimedEvent } from "../../engine/events.js";
import { formatBytes } from "../../util/bytes.js";
import { printableLine } from "../../util/printable.js";
import { describeProgress, describeStepEnd, describeWaiting } from "./describe.js";
import { TimeLeft } from "./time-left.js";

type Task = ListrTaskWrapper<unknown, never, never>;
type End = Extract<TimedEvent, { type: "step-finished" }>;

export interface View {
  listener: EventListener;
  /** Ends the view; steps without an end are shown as not finished. */
  done(): Promise<void>;
}

/** Creates the live task list on a terminal, driven by events; `done` settles when the last step is drawn. */
export function terminalView(): View {
  let drawn: Promise<unknown> = Promise.resolve();
  const shown = new Map<string, Task>();
  const ends = new Map<string, { promise: Promise<End | undefined>; resolve: (end: End | undefined) => void }>();
  const rates = new Map<string, Rate>();
  const left = new TimeLeft();

  const start = (steps: readonly StepIdentity[]) => {
    for (const { id } of steps) ends.set(id, deferred<End | undefined>());
    const tasks = steps.map(({ id }) => ({
      title: printableLine(id),
      task: async (_context: unknown, task: unknown) => {
        const view = task as Task;
        shown.set(id, view);
        const end = await ends.get(id)?.promise;
        if (end === undefined) {
          view.skip(printableLine(`${id}: not finished`));
          return;
        }
        view.title = printableLine(`${id}: ${describeStepEnd(end)}`);
        if (end.status === "skipped") view.skip(view.title);
        if (end.status === "failed") throw new Error(view.title);
      },
    }));
    drawn = new Listr(tasks, {
      exitOnError: false,
      // quantsmith handles signals itself, with its own exit code.
      registerSignalListeners: false,
    }).run();
  };

  const detail = (id: string, text: string) => {
    const task = shown.get(id);
    if (task !== undefined) task.output = printableLine([text, left.text()].filter((part) => part !== "").join(" · "));
  };

  return {
    listener: (event) => {
      left.follow(event);
      switch (event.type) {
        case "run-started":
          return start(event.steps);
        case "step-started":
          rates.set(event.id, new Rate());
          return detail(event.id, "started");
        case "step-waiting":
          return detail(event.id, describeWaiting(event));
        case "step-note":
          return detail(event.id, event.note);
        case "step-progress": {
          const { progress } = event;
          const rate =
            progress.unit === "byte" && progress.note === undefined
              ? ` (${rates.get(event.id)?.text(progress.done) ?? ""})`
              : "";
          return detail(event.id, describeProgress(progress) + rate);
        }
        case "step-finished":
          return ends.get(event.id)?.resolve(event);
        case "upload-started":
        case "upload-progress":
        case "upload-finished":
          // Not part of the list; the log contains them, and `run` prints remaining uploads after the list.
          return;
        case "step-warning":
          // Written after the list.
          return;
        case "run-finished":
          return;
      }
    },
    done: async () => {
      for (const end of ends.values()) end.resolve(undefined);
      await drawn;
    },
  };
}

/** Bytes per second since the step began. */
class Rate {
  readonly #started = performance.now();

  text(bytes: number): string {
    const seconds = Math.max((performance.now() - this.#started) / 1000, 0.001);
    return `${formatBytes(bytes / seconds)}/s`;
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
