import * as z from "zod";
import type { EventBus } from "../engine/events.js";
import { lockHolder } from "../engine/lock-holder.js";
import type { Progress } from "../stages/stage.js";
import { readNewLines } from "../util/read-new-lines.js";

export const progress = z.object({
  done: z.number(),
  total: z.number(),
  unit: z.enum(["chunk", "tensor", "probe", "byte", "prompt", "file"]),
  note: z.string().exactOptional(),
});
/** Worker events that are forwarded, as in `RunEvent`, with this machine's times. */
const workerEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("step-started"), key: z.string() }),
  z.object({ type: z.literal("step-waiting"), for: z.enum(["step", "compute"]), holder: lockHolder.exactOptional() }),
  z.object({ type: z.literal("step-note"), note: z.string() }),
  z.object({ type: z.literal("step-progress"), progress }),
]);

interface EventFile {
  path: string;
  /** Bytes read so far. */
  offset: number;
  progress?: Progress;
}

/** Forwards the events of a step's workers as if the step ran here; shards count together. */
export class WorkerEvents {
  readonly #files: EventFile[];
  readonly #id: string;
  readonly #events: EventBus;
  #started = false;

  /** `paths` are the event files of the step's own job and of its shards, in this order. */
  constructor(id: string, paths: readonly string[], events: EventBus) {
    this.#id = id;
    this.#events = events;
    this.#files = paths.map((path) => ({ path, offset: 0 }));
  }

  /** Forwards the events written since the last call. */
  async forward(): Promise<void> {
    for (const file of this.#files) {
      const { lines, end } = await readNewLines(file.path, file.offset).catch(() => ({ lines: [], end: 0 }));
      file.offset = end;
      for (const line of lines) this.#emit(file, parse(line));
    }
  }

  #emit(file: EventFile, event: z.output<typeof workerEvent> | undefined): void {
    switch (event?.type) {
      case "step-started":
        // Shards and the step itself start one after the other.
        if (!this.#started) this.#events.emit({ ...event, id: this.#id });
        this.#started = true;
        break;
      case "step-waiting":
      case "step-note":
        this.#events.emit({ ...event, id: this.#id });
        break;
      case "step-progress":
        file.progress = event.progress;
        this.#events.emit({ type: "step-progress", id: this.#id, progress: this.#combine(file, event.progress) });
        break;
      default:
    }
  }

  /** The step's own job starts from the finished work of its shards. */
  #combine(file: EventFile, progress: Progress): Progress {
    const [own, ...shardFiles] = this.#files;
    if (file === own) return progress;
    const reported = shardFiles.flatMap((shard) => shard.progress ?? []);
    const sum = (what: "done" | "total") => reported.reduce((total, shard) => total + shard[what], 0);
    return { ...progress, done: sum("done"), total: sum("total") };
  }
}

/** Parses the event on a line; undefined for other content, which a worker may not have written. */
function parse(text: string): z.output<typeof workerEvent> | undefined {
  try {
    return workerEvent.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
