import { join, resolve } from "node:path";
import type { EventListener } from "../engine/events.js";
import { lockPath, openWorkspace } from "../engine/workspace.js";
import type { Plan } from "../plan/plan.js";
import type { Publication } from "../stages/publish/publish.js";
import { errorReport, formatError } from "../util/error-report.js";
import { QuantsmithError } from "../util/errors.js";
import { withLock } from "../util/lock.js";
import { makeRoom, stepFolders } from "./make-room.js";
import { describePublished, intended, isAtTarget } from "./published-release.js";
import { type QueueEntry, StatusFile, takenOver } from "./queue-status.js";
import type { QueueMember } from "./require-distinct.js";

export interface QueueOptions {
  /** The output folder. */
  out: string;
  maxDiskBytes?: number;
  signal: AbortSignal;
  /** Prints errors and warnings. */
  note: (line: string) => void;
  /** Prints the progress. */
  tell: (line: string) => void;
}

/** How one model is planned and run. */
export interface QueueWork {
  plan(member: QueueMember, signal: AbortSignal): Promise<Plan>;
  run(member: QueueMember, plan: Plan, hooks: { signal: AbortSignal; onEvent: EventListener }): Promise<MemberEnd>;
}

/** The end of the run of a model. */
export interface MemberEnd {
  errors: readonly unknown[];
  /** The installed release; null without one. */
  release: string | null;
  /** Folders in the store of the steps that the run used. */
  steps: readonly string[];
  publication?: Publication;
}

/**
 * Runs the models of a queue one after the other and records their states in the status file; a failed model does not
 * stop the others. Waits while another process runs a queue in the same output folder. Returns the models' final states.
 * Errors: QS-USAGE, which would fail every model; the reason of `signal`; QS-QUEUE-LOCK, QS-QUEUE-FILE, QS-ENV-OUTPUT.
 */
export async function runQueue(
  members: readonly QueueMember[],
  options: QueueOptions,
  work: QueueWork,
): Promise<QueueEntry[]> {
  const out = resolve(options.out);
  const onWait = (owner: string) =>
    options.tell(`waiting for another process that runs a queue in this output folder: ${owner}`);
  const workspace = await openWorkspace(out);
  await workspace.close(); // An open one is in use: nothing would be removed from it.
  return withLock(lockPath(workspace, "queue"), { signal: options.signal, onWait }, async ({ lost, isHeld }) => {
    const taken = new AbortController();
    lost.addEventListener("abort", () => taken.abort(takenOver(out)), { once: true });
    const signal = AbortSignal.any([options.signal, taken.signal]);
    const described = members.map(({ settings }) => ({
      ...{ name: settings.name, recipe: resolve(settings.file), model: settings.model.name },
    }));
    const queue = new Queue(members, { ...options, out, signal }, work, await StatusFile.open(out, described, isHeld));
    await queue.run();
    return queue.status.models.slice(0, members.length);
  });
}

class Queue {
  readonly status: StatusFile;
  readonly #members: readonly QueueMember[];
  readonly #options: QueueOptions;
  readonly #work: QueueWork;

  constructor(members: readonly QueueMember[], options: QueueOptions, work: QueueWork, status: StatusFile) {
    this.#members = members;
    this.#options = options;
    this.#work = work;
    this.status = status;
  }

  async run(): Promise<void> {
    const { signal, note, tell } = this.#options;
    for (const [index, member] of this.#members.entries()) {
      const { name } = member.settings;
      tell(`Model ${index + 1} of ${this.#members.length}: ${name}`);
      await this.status.setState(name, "running");
      try {
        await this.#runMember(member);
      } catch (error) {
        const isFinal = error instanceof QuantsmithError && ["QS-USAGE", "QS-QUEUE-LOCK"].includes(error.code);
        if (signal.aborted || isFinal) {
          await this.status.setState(name, "waiting");
          throw error;
        }
        for (const line of formatError(errorReport(error))) note(line);
        await this.status.setState(name, "failed", { error: errorReport(error) });
      }
    }
  }

  async #runMember(member: QueueMember): Promise<void> {
    const { signal, tell, maxDiskBytes, out } = this.#options;
    const { name } = member.settings;
    const plan = await this.#work.plan(member, signal);
    signal.throwIfAborted();
    const intent = intended(plan, member.target);
    const { published } = this.status.entry(name);
    const isSame = published?.isDropped === true && published.key === intent?.key && published.target === intent.target;
    if (isSame && (await isAtTarget(published, join(out, "releases", name), signal))) {
      tell(`${name} is published, and its local files were removed.`);
      await this.status.setState(name, "published", { published: { ...published, isGone: false } });
      return;
    }
    if (maxDiskBytes !== undefined) await makeRoom(out, plan, maxDiskBytes, this.#roomHooks(member));
    const end = await this.#work.run(member, plan, { signal, onEvent: this.#progressOf(name) });
    const [error] = end.errors;
    if (error !== undefined) {
      await this.status.setState(name, "failed", { error: errorReport(error) });
      return;
    }
    if (end.publication === undefined || intent === undefined || end.release === null) {
      await this.status.setState(name, "built");
      return;
    }
    // Those of the release before, which are still in the store, are removed with the others.
    const steps = new Set([...(published?.steps ?? []), ...end.steps]);
    const now = await describePublished(intent, end.release, end.publication, [...steps]);
    await this.status.setState(name, "published", { published: now });
  }

  #roomHooks(current: QueueMember) {
    const { signal, note, tell } = this.#options;
    return {
      ...{ signal, note, tell },
      // The former release of the model itself comes last.
      published: () => {
        const isCurrent = ({ name }: QueueEntry) => Number(name === current.settings.name);
        return this.status.models.toSorted((a, b) => isCurrent(a) - isCurrent(b));
      },
      unpublishedSteps: () => this.#unpublishedSteps(),
      onDrop: (name: string) => this.status.setDropped(name),
      onKept: (name: string) => this.status.setKept(name),
      onGone: (name: string) => this.status.setGone(name),
    };
  }

  /** A model that cannot be planned, such as one that was not found on the Hub, needs no steps yet. */
  async #unpublishedSteps(): Promise<{ failed: Set<string>; others: Set<string> }> {
    const steps = { failed: new Set<string>(), others: new Set<string>() };
    for (const member of this.#members) {
      const { state } = this.status.entry(member.settings.name);
      if (state === "published") continue;
      const plan = await this.#work.plan(member, this.#options.signal).catch(() => undefined);
      const folders = state === "failed" ? steps.failed : steps.others;
      for (const folder of plan === undefined ? [] : stepFolders(plan)) folders.add(folder);
    }
    return steps;
  }

  #progressOf(name: string): EventListener {
    const running = new Set<string>();
    return (event) => {
      if (event.type === "step-started") running.add(event.id);
      else if (event.type !== "step-finished" || !running.delete(event.id)) return;
      this.status.setSteps(name, [...running]);
    };
  }
}
