import type { ConverterPython } from "../llamacpp/python/converter-python.js";
import type { Toolchain } from "../llamacpp/toolchain/toolchain.js";
import type { Plan } from "../plan/plan.js";
import type { VariantReport } from "../release/release-report.js";
import type { StepSummary } from "../stages/stage.js";
import type { DigestCache } from "../util/digest-cache.js";
import type { EventBus } from "./events.js";
import type { KeyedStep } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import type { RemoteRunner } from "./remote-runner.js";
import type { Scheduler } from "./scheduler.js";
import type { Store } from "./store.js";
import type { Workspace } from "./workspace.js";

/** Provides the external programs on first use; `note` reports slow work. */
export interface ToolProvider {
  toolchain(note: (text: string) => void): Promise<Toolchain>;
  python(note: (text: string) => void): Promise<ConverterPython>;
}

/** A variant that passed during the run. */
export interface PassedVariant {
  report: VariantReport;
  /** Absolute path of its file in the store. */
  path: string;
}

export interface RunOptions {
  workspace: Workspace;
  events: EventBus;
  digests: DigestCache;
  signal: AbortSignal;
  /** Cores that compute steps may use. */
  threads: number;
  /** Builds steps even if the store has them. */
  fresh: boolean;
  /** Hashes every stored output before reuse. */
  verify: boolean;
  tools: ToolProvider;
  /** Creates the runner for steps on other machines; absent: every step runs here. */
  remote?: (runtime: Runtime) => RemoteRunner;
  /** Called for each variant as soon as it has passed, while others are still built; must return quickly. */
  onPassed?: (variant: PassedVariant) => void;
}

/** Context for building a step, in a run or in a worker. */
export interface BuildRuntime extends Omit<RunOptions, "fresh" | "remote" | "onPassed"> {
  plan: Pick<Plan, "name" | "steps" | "compute">;
  store: Store;
  scheduler: Scheduler;
  /** Steps finished before this moment (ISO) are built again; null: no step is. */
  freshSince: string | null;
  /** Records of the finished steps, by step id. */
  records: Map<string, StepRecord>;
  /** Returns summaries of the ended steps, in the plan's order. */
  steps(): readonly StepSummary[];
}

/** State that the parts of the engine share during one run. */
export interface Runtime extends BuildRuntime, Pick<RunOptions, "onPassed"> {
  plan: Plan;
  /** The plan's steps by id, with their keys if every step succeeds. */
  keyed: ReadonlyMap<string, KeyedStep>;
}
