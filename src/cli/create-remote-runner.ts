import { fileURLToPath } from "node:url";
import type { RunOptions } from "../engine/runtime.js";
import { hubConnectionToWrite } from "../hub/connection.js";
import type { Settings } from "../recipe/settings.js";
import { type Executor, type Job, workerArguments } from "../remote/executor.js";
import { QuantsmithError } from "../util/errors.js";
import { packageRoot } from "../util/package-root.js";
import { quote, quoteList } from "../util/quote.js";

/** Arguments of an executor besides its settings. */
export interface ExecutorDeps {
  /** The output folder, absolute. */
  out: string;
  /** Cost limit of all jobs together, in USD (`--max-cost`). */
  maxCost?: number;
  /** Duration of each step's last build in this store, by step id. */
  pastSeconds: ReadonlyMap<string, number>;
  /** Shows a note to the user, of the given step if any. */
  note(text: string, step?: string): void;
  signal: AbortSignal;
}

type ExecutorFactory = (settings: Settings, deps: ExecutorDeps) => Promise<Executor>;

/** Executors by name, loaded on first use. A test adds its own. */
export const executorFactories: Record<string, ExecutorFactory> = {
  slurm: async ({ executors }, { out, signal, note }) => {
    const { slurmExecutor } = await import("../remote/slurm/slurm-executor.js");
    return slurmExecutor({ settings: executors.slurm ?? {}, out, worker: workerCommand, signal, note });
  },
  "hf-jobs": async (settings, { maxCost, pastSeconds, note, signal }) => {
    const { hfJobsExecutor } = await import("../remote/hf-jobs/hf-jobs-executor.js");
    const { jobsOptions } = await import("../remote/hf-jobs/jobs-options.js");
    const { requirePrivateBucket } = await import("../remote/hf-jobs/api/require-private-bucket.js");
    const options = jobsOptions(settings.executors.hfJobs);
    const connection = hubConnectionToWrite();
    // Before the run writes its first file there.
    await requirePrivateBucket(connection, options.bucket, signal);
    return hfJobsExecutor({ connection, options, maxCostUsd: maxCost, signal, pastSeconds, note });
  },
};

/** Creates the runner of a named executor; undefined for `local`. Errors: QS-USAGE, and those of the executor's settings. */
export async function createRemoteRunner(
  name: string,
  settings: Settings,
  deps: ExecutorDeps,
): Promise<RunOptions["remote"]> {
  if (deps.maxCost !== undefined && name !== "hf-jobs") {
    throw new QuantsmithError("QS-USAGE", "--max-cost requires the executor hf-jobs", {
      remedy: "Add `--executor hf-jobs`, or remove `--max-cost`.",
    });
  }
  if (name === "local") return undefined;
  const make = Object.hasOwn(executorFactories, name) ? executorFactories[name] : undefined;
  if (make !== undefined) {
    const executor = await make(settings, deps);
    const { RemoteSteps } = await import("../remote/remote-steps.js");
    return (runtime) => new RemoteSteps(runtime, executor);
  }
  throw new QuantsmithError("QS-USAGE", `unknown executor ${quote(name)}`, {
    remedy: `Use ${quoteList(["local", ...Object.keys(executorFactories)], "or")}.`,
  });
}

/** Returns the command line of a worker on a machine with this program at the same path. */
function workerCommand(job: Job, out: string, threads: number): string[] {
  const program = fileURLToPath(new URL("dist/cli/main.js", packageRoot));
  return [process.execPath, program, ...workerArguments(job, out, threads)];
}
