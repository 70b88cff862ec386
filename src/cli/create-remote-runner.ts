import { fileURLToPath } from "node:url";
import type { RunOptions } from "../engine/runtime.js";
import { hubConnection } from "../hub/connection.js";
import type { Settings } from "../recipe/settings.js";
import { type Executor, type Job, workerArguments } from "../remote/executor.js";
import { QuantsmithError } from "../util/errors.js";
import { packageRoot } from "../util/package-root.js";
import { quoteList } from "../util/quote.js";

/** What an executor is told besides its settings. */
export interface ExecutorDeps {
  /** The output folder, absolute. */
  out: string;
  /** What jobs may cost altogether, in USD (`--max-cost`). */
  maxCost?: number;
  /** What steps took when they were last built here, by id. */
  pastSeconds: ReadonlyMap<string, number>;
  /** Tells the user something; of a step, where one is named. */
  note(text: string, step?: string): void;
  signal: AbortSignal;
}

type ExecutorFactory = (settings: Settings, deps: ExecutorDeps) => Promise<Executor>;

/** Each is loaded when it is asked for. A test adds one of its own. */
export const executorFactories: Record<string, ExecutorFactory> = {
  slurm: async ({ executors }, { out, signal, note }) => {
    const { slurmExecutor } = await import("../remote/slurm/slurm-executor.js");
    return slurmExecutor({ settings: executors.slurm ?? {}, out, worker: workerCommand, signal, note });
  },
  "hf-jobs": async (settings, { maxCost, pastSeconds, note, signal }) => {
    const { hfJobsExecutor } = await import("../remote/hf-jobs/hf-jobs-executor.js");
    const { jobsOptions } = await import("../remote/hf-jobs/jobs-options.js");
    return hfJobsExecutor({
      ...{ connection: hubConnection(), options: jobsOptions(settings.executors.hfJobs), maxCostUsd: maxCost, signal },
      ...{ pastSeconds, note },
    });
  },
};

/** Runs steps on the executor of that name; undefined for `local`. Errors: QS-USAGE, and those of the executor's settings. */
export async function createRemoteRunner(
  name: string,
  settings: Settings,
  deps: ExecutorDeps,
): Promise<RunOptions["remote"]> {
  if (deps.maxCost !== undefined && name !== "hf-jobs") {
    throw new QuantsmithError("QS-USAGE", "--max-cost limits jobs on Hugging Face, and none are asked for", {
      remedy: "Add `--executor hf-jobs`, or leave `--max-cost` out.",
    });
  }
  if (name === "local") return undefined;
  const make = Object.hasOwn(executorFactories, name) ? executorFactories[name] : undefined;
  if (make !== undefined) {
    const executor = await make(settings, deps);
    const { RemoteSteps } = await import("../remote/remote-steps.js");
    return (runtime) => new RemoteSteps(runtime, executor);
  }
  throw new QuantsmithError("QS-USAGE", `there is no executor "${name}"`, {
    remedy: `The executors are ${quoteList(["local", ...Object.keys(executorFactories)], "and")}.`,
  });
}

/** How this very program is started as a worker on a machine that has it under the same path. */
function workerCommand(job: Job, out: string, threads: number): string[] {
  const program = fileURLToPath(new URL("dist/cli/main.js", packageRoot));
  return [process.execPath, program, ...workerArguments(job, out, threads)];
}
