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

/** Gets the outside programs when a step first asks for them; `note` tells what takes long. */
export interface ToolProvider {
  toolchain(note: (text: string) => void): Promise<Toolchain>;
  python(note: (text: string) => void): Promise<ConverterPython>;
}

/** A variant that passed while the run still goes on. */
export interface PassedVariant {
  report: VariantReport;
  /** Its file in the store; absolute. */
  path: string;
}

export interface RunOptions {
  workspace: Workspace;
  events: EventBus;
  digests: DigestCache;
  signal: AbortSignal;
  /** Cores that compute steps may use. */
  threads: number;
  /** Build even what the store has. */
  fresh: boolean;
  /** Hash every stored output before trusting it. */
  verify: boolean;
  tools: ToolProvider;
  /** Makes what runs steps on other machines; absent: every step runs here. */
  remote?: (runtime: Runtime) => RemoteRunner;
  /** Told of every variant as soon as it has passed, while others are still made; must not take long. */
  onPassed?: (variant: PassedVariant) => void;
}

/** What it takes to build a step, in a run or in a worker. */
export interface BuildRuntime extends Omit<RunOptions, "fresh" | "remote" | "onPassed"> {
  plan: Pick<Plan, "name" | "steps">;
  store: Store;
  scheduler: Scheduler;
  /** Steps finished before this moment (ISO) are not taken for finished; null: all are taken. */
  freshSince: string | null;
  /** Records of the steps finished so far, by step id. */
  records: Map<string, StepRecord>;
  /** How the steps that ended so far ended, in the plan's order. */
  steps(): readonly StepSummary[];
}

/** What the parts of the engine share during one run. */
export interface Runtime extends BuildRuntime, Pick<RunOptions, "onPassed"> {
  plan: Plan;
  /** The plan's steps with the keys that they have if every step succeeds, by id. */
  keyed: ReadonlyMap<string, KeyedStep>;
}
