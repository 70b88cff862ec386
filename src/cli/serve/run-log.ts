import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TimedEvent } from "../../engine/events.js";
import type { Workspace } from "../../engine/workspace.js";
import type { ErrorReport } from "../../util/error-report.js";
import { isMissing, QuantsmithError } from "../../util/errors.js";
import { readNewLines } from "../../util/read-new-lines.js";
import { isWorking } from "../../util/scratch.js";
import { distinctWarnings, type Warning } from "../../util/warnings.js";
import { Board } from "../views/board.js";
import { parseLoggedEvent } from "./logged-event.js";

/** `stopped`: the log has no end, and its process has ended. */
export type RunState = "running" | "succeeded" | "failed" | "stopped";

/** As `eventLog` names a run's folder: the time of its start, and the process. */
const folderName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-(\d{1,10})$/;

/** A run as its event log tells it, read piece by piece while the run writes it. */
export class RunLog {
  readonly name: string;
  readonly #path: string;
  readonly #tmp: string;
  readonly #process: number;
  /** Time of the last event, or now: the clock of rates. */
  #time = 0;
  #offset = 0;
  #isWorking = false;
  #reading: Promise<void> = Promise.resolve();
  readonly #warnings: Warning[] = [];
  readonly board = new Board(() => this.#time);
  readonly errors: ErrorReport[] = [];
  started: Extract<TimedEvent, { type: "run-started" }> | undefined;
  finished: Extract<TimedEvent, { type: "run-finished" }> | undefined;

  constructor({ runs, tmp }: Pick<Workspace, "runs" | "tmp">, name: string) {
    this.name = name;
    this.#path = join(runs, name, "events.ndjson");
    this.#tmp = tmp;
    this.#process = Number(folderName.exec(name)?.[1]);
  }

  /** Reads what was written since the last call. Rejects with Node's errors for an unreadable log. */
  update(): Promise<void> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#read());
    return this.#reading;
  }

  get state(): RunState {
    if (this.finished !== undefined) return this.finished.failed === 0 ? "succeeded" : "failed";
    return this.#isWorking ? "running" : "stopped";
  }

  get warnings(): Warning[] {
    return distinctWarnings(this.#warnings);
  }

  async #read(): Promise<void> {
    const found = await lstat(this.#path);
    if (!found.isFile()) {
      throw new QuantsmithError("QS-ENV-FILE", `${this.#path} is not a regular file`, { remedy: "Remove it." });
    }
    const { lines, end } = await readNewLines(this.#path, this.#offset);
    this.#offset = end;
    this.#isWorking = await isWorking(this.#tmp, this.#process);
    for (const line of lines) {
      const event = parseLoggedEvent(line);
      if (event !== undefined) this.#follow(event);
    }
    if (this.state === "running") this.#time = Date.now();
  }

  #follow(event: TimedEvent): void {
    this.#time = Date.parse(event.time);
    this.board.follow(event);
    if (event.type === "run-started") this.started ??= event;
    else if (event.type === "run-finished") this.finished = event;
    else if (event.type === "step-warning") this.#warnings.push(event.warning);
    else if ("error" in event && event.error !== undefined) this.errors.push(event.error);
  }
}

/** The runs of an output folder. Each log is read once, then only its new lines. */
export class RunLogs {
  readonly #workspace: Pick<Workspace, "runs" | "tmp">;
  readonly #logs = new Map<string, RunLog>();

  constructor(workspace: Pick<Workspace, "runs" | "tmp">) {
    this.#workspace = workspace;
  }

  /** Returns the names of the runs, the newest first; none if there is no such folder. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.#workspace.runs, { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const folders = entries.filter((entry) => entry.isDirectory() && folderName.test(entry.name));
    return folders.map(({ name }) => name).sort((a, b) => (a < b ? 1 : -1));
  }

  /** Returns the current state of a run of `names`. Rejects with Node's errors for an unreadable log. */
  async read(name: string): Promise<RunLog> {
    const log = this.#logs.get(name) ?? new RunLog(this.#workspace, name);
    this.#logs.set(name, log);
    await log.update();
    return log;
  }
}
