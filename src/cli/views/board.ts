import type { StepIdentity, StepStatus, TimedEvent } from "../../engine/events.js";
import type { Progress, StageName } from "../../stages/stage.js";
import { formatBytes } from "../../util/bytes.js";
import { printableLine } from "../../util/printable.js";
import { type BoardRow, limitRows, type RowState } from "./board-rows.js";
import { describeHubWait, describeProgress, describeWaiting, formatSeconds } from "./describe.js";
import { TimeLeft } from "./time-left.js";

interface BoardStep extends StepIdentity {
  status: "waiting" | "running" | StepStatus;
  found: string;
  /** The current activity. */
  detail: string;
}

/** Names of the work that all variants share. */
const sharedWork: Readonly<Partial<Record<StageName, string>>> = {
  fetch: "Fetch",
  convert: "Convert",
  calibrate: "Calibrate",
  allocate: "Probe",
  validate: "Base",
  smoke: "Base answers",
  package: "Package",
};
const variantWork: Readonly<Partial<Record<StageName, string>>> = {
  allocate: "choosing types",
  quantize: "quantizing",
  validate: "measuring",
  smoke: "smoke test",
};
const columns: readonly { title: string; stage: StageName; width: number }[] = [
  { title: "Size", stage: "quantize", width: 10 },
  { title: "KLD", stage: "validate", width: 19 },
  { title: "Smoke", stage: "smoke", width: 12 },
];
const labelWidth = 13;

/** The state of a run for people: a row per kind of shared work, and a row per variant with its figures. */
export class Board {
  readonly #steps = new Map<string, BoardStep>();
  readonly #uploads = new Map<string, string>();
  readonly #left: TimeLeft;
  readonly #clock: () => number;
  #hubWait = { text: "", until: 0 };

  /** `clock`: milliseconds, for rates and the remaining time; default: those of this process. */
  constructor(clock = () => performance.now()) {
    this.#clock = clock;
    this.#left = new TimeLeft(clock);
  }

  follow(event: TimedEvent): void {
    this.#left.follow(event);
    switch (event.type) {
      case "run-started":
        for (const step of event.steps) this.#steps.set(step.id, { ...step, status: "waiting", found: "", detail: "" });
        return;
      case "step-started":
        this.#change(event.id, { status: "running", detail: "" });
        return;
      case "step-waiting":
        this.#change(event.id, { detail: describeWaiting(event) });
        return;
      case "step-note":
        this.#change(event.id, { detail: event.note });
        return;
      case "step-progress":
        this.#change(event.id, { detail: this.#progress(event.id, event.progress) });
        return;
      case "step-finished": {
        const { status, found = "", error } = event;
        this.#change(event.id, { status, found, detail: error?.code ?? event.why ?? "" });
        return;
      }
      case "upload-started":
        this.#uploads.set(event.variant, "uploading");
        return;
      case "upload-progress":
        this.#uploads.set(event.variant, `uploading ${describeProgress(event.progress)}`);
        return;
      case "upload-finished":
        this.#uploads.set(event.variant, event.error === undefined ? "uploaded" : "upload failed");
        return;
      case "hub-waiting":
        this.#hubWait = { text: describeHubWait(event), until: this.#clock() + event.seconds * 1000 };
        return;
      case "step-saving":
      case "step-warning":
      case "run-finished":
        return;
    }
  }

  /** Returns all rows, at most `height` if given: rows that wait, then those that are done, give way to a count. */
  rows(height = Number.POSITIVE_INFINITY): BoardRow[] {
    const wait = this.#clock() < this.#hubWait.until ? printableLine(this.#hubWait.text) : "";
    const last = [wait, this.#left.text()].filter((text) => text !== "").map((text) => ({ text }));
    return [...limitRows([...this.#sharedRows(), ...this.#variantRows()], height - last.length), ...last];
  }

  #change(id: string, change: Partial<BoardStep>): void {
    const step = this.#steps.get(id);
    if (step !== undefined) Object.assign(step, change);
  }

  #progress(id: string, progress: Progress): string {
    const rate = this.#left.rateOf(id);
    const seconds = rate?.secondsLeft();
    const perSecond = rate?.perSecond();
    // A tool's own note states its rate.
    if (seconds === undefined || perSecond === undefined || progress.note !== undefined)
      return describeProgress(progress);
    const speed = progress.unit === "byte" ? formatBytes(perSecond) : perSecond.toPrecision(2);
    return describeProgress({ ...progress, note: `${speed}/s, ${formatSeconds(seconds)} left` });
  }

  /** Returns the steps by the name of their row, in the order of the plan. */
  #grouped(rowOf: (step: BoardStep) => string | undefined): Map<string, BoardStep[]> {
    const rows = new Map<string, BoardStep[]>();
    for (const step of this.#steps.values()) {
      const name = rowOf(step);
      if (name !== undefined) rows.set(name, [...(rows.get(name) ?? []), step]);
    }
    return rows;
  }

  #sharedRows(): BoardRow[] {
    const stages = this.#grouped((step) => (isOfVariant(step) ? undefined : (sharedWork[step.stage] ?? step.stage)));
    return [...stages].map(([label, steps]) => {
      const active = activeStep(steps);
      const found = steps.map((step) => step.found).filter((text) => text !== "");
      const text = active?.detail || [found.join("; "), reused(steps)].filter((part) => part !== "").join(", ");
      return row(stateOf(steps), label.padEnd(labelWidth), text);
    });
  }

  #variantRows(): BoardRow[] {
    const variants = this.#grouped((step) => (isOfVariant(step) ? step.variant : undefined));
    if (variants.size === 0) return [];
    const width = Math.max(labelWidth, ...[...variants.keys()].map((name) => printableLine(name).length + 2));
    const titles = columns.map(({ title, width }) => title.padEnd(width));
    return [
      { text: `  ${"Variant".padEnd(width)}${titles.join("")}`.trimEnd() },
      ...[...variants].map(([name, steps]) =>
        row(
          stateOf(steps),
          printableLine(name).padEnd(width),
          [cells(steps), activity(steps) || (this.#uploads.get(name) ?? reused(steps))]
            .filter((part) => part !== "")
            .join("  "),
        ),
      ),
    ];
  }
}

/** Package steps belong to the release as a whole. */
const isOfVariant = ({ variant, stage }: BoardStep) => variant !== undefined && stage !== "package";

/** Returns the figures of a variant in columns. */
function cells(steps: readonly BoardStep[]): string {
  return columns
    .map(({ stage, width }) =>
      (steps.findLast((step) => step.stage === stage && step.found !== "")?.found ?? "").padEnd(width),
    )
    .join("")
    .trimEnd();
}

/** Says that all steps of a row were in the store. */
function reused(steps: readonly BoardStep[]): string {
  return steps.every(({ status }) => status === "cached") ? "cached" : "";
}

/** Returns what happens to a variant now, or why it ended early; "" otherwise. */
function activity(steps: readonly BoardStep[]): string {
  const step = activeStep(steps);
  if (step === undefined || step.status === "skipped") return step?.detail ?? "";
  const work = variantWork[step.stage] ?? step.stage;
  return step.detail === "" ? work : `${work}: ${step.detail}`;
}

/** Returns the step whose detail counts: one that failed, runs or was skipped. */
function activeStep(steps: readonly BoardStep[]): BoardStep | undefined {
  const first = (status: BoardStep["status"]) => steps.find((step) => step.status === status);
  return (
    first("failed") ??
    steps.find(({ status, detail }) => status === "running" && detail !== "") ??
    first("running") ??
    first("skipped")
  );
}

function stateOf(steps: readonly BoardStep[]): RowState {
  const any = (...states: BoardStep["status"][]) => steps.some(({ status }) => states.includes(status));
  if (any("failed")) return "failed";
  if (any("running")) return "running";
  if (any("skipped")) return "skipped";
  // Between two steps the row waits for a free core, but its work has begun.
  if (any("waiting")) return any("built") ? "running" : "waiting";
  return "done";
}

function row(state: RowState, label: string, text: string): BoardRow {
  return { state, text: `${label}${printableLine(text)}`.trimEnd() };
}
