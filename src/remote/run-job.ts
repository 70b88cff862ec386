import { access, rm } from "node:fs/promises";
import { buildShard, buildStep } from "../engine/build-step.js";
import { keyStep } from "../engine/fingerprint.js";
import type { BuildRuntime, RunOptions } from "../engine/runtime.js";
import { allowedCores, Scheduler } from "../engine/scheduler.js";
import { recordKeys } from "../engine/step-keys.js";
import { Store } from "../engine/store.js";
import { toolDigest } from "../llamacpp/tool-digests.js";
import { describeToolchain } from "../llamacpp/toolchain/toolchain.js";
import { step as makeStep } from "../plan/make-step.js";
import type { Step, StepInput } from "../plan/plan.js";
import { findOperation } from "../stages/operations.js";
import { type Operation, type Shard, stageNames } from "../stages/stage.js";
import { errorReport } from "../util/error-report.js";
import { isMissing, QuantsmithError } from "../util/errors.js";
import { writeFileAtomic } from "../util/files.js";
import { quote } from "../util/quote.js";
import { resolveJobCompute } from "./job-compute.js";
import { type JobFile, jobPaths, readJobFile, sharedFile } from "./job-file.js";

export type WorkerOptions = Omit<RunOptions, "fresh" | "remote" | "onPassed">;

/**
 * Runs `quantsmith worker`: builds one step, or one shard of it, from its job file, exactly as the run would. Does
 * nothing when the step is finished. Writes an error beside the job file for the run, and throws it.
 * Errors: QS-WORKER-JOB, QS-WORKER-INPUT, QS-WORKER-TOOLS, QS-WORKER-COMPUTE, QS-COMPUTE-*, and those of the step.
 */
export async function runJob(key: string, shard: Shard | undefined, options: WorkerOptions): Promise<void> {
  const store = new Store(options.workspace, options.digests);
  const job = await readJobFile(options.workspace, key);
  if (job === undefined) {
    if (await isFinished(store, key)) return;
    throw unknownJob(key, "the store does not contain this job, or its file is damaged");
  }
  const { error: errorFile } = jobPaths(options.workspace, key, shard?.index);
  await rm(errorFile, { force: true });
  try {
    const { settled, runtime } = await loadStep(job, store, options);
    const started = performance.now();
    const status =
      shard === undefined
        ? (await buildStep(settled, runtime, { restore: job.restore, discardPartial: false })).status
        : "built";
    if (shard !== undefined) await buildShard(settled, shard, runtime);
    const seconds = (performance.now() - started) / 1000;
    options.events.emit({ type: "step-finished", id: settled.step.id, status, seconds });
  } catch (error) {
    // An interruption is not an error of the step.
    if (!options.signal.aborted) await writeFileAtomic(errorFile, JSON.stringify(errorReport(error), null, 2));
    throw error;
  }
}

/** Returns the planned step and the context for building it here. */
async function loadStep(job: JobFile, store: Store, options: WorkerOptions) {
  const operation = findOperation(job.operation);
  if (operation === undefined || operation.version !== job.version) {
    throw unknownJob(
      job.key,
      `this quantsmith does not provide operation ${quote(job.operation)} version ${job.version}`,
    );
  }
  await requireTools(job, operation);
  const compute = await resolveJobCompute(job, options.signal);
  const step = stepOf(job, operation, options);
  const { recipe: name, since: freshSince } = job;
  const records = await findInputs(job, store, options.workspace);
  const settled = keyStep(step, { ...job, compute }, recordKeys(records));
  if (settled.key !== job.key) throw unknownJob(job.key, "its job file does not match this key");
  const scheduler = new Scheduler(options.workspace, options.signal, {
    cores: allowedCores(),
    compute: compute.compute,
  });
  const runtime: BuildRuntime = {
    ...options,
    ...{ plan: { name, steps: [step], compute }, store, scheduler, freshSince, records },
    steps: () => [],
  };
  return { settled, runtime };
}

function stepOf(job: JobFile, operation: Operation, { workspace }: WorkerOptions): Step {
  const { params, stage, step: id, variant, predictedBytes, requiresMemory = false } = job;
  const inputs = Object.entries(job.inputs).map(([name, input]): [string, StepInput] => {
    if (input.kind === "step") return [name, input];
    return [name, { ...input, path: sharedFile(workspace, input.digest) }];
  });
  // Some operations belong to more than one stage.
  const step = makeStep(id, { ...operation, stage }, params, Object.fromEntries(inputs), predictedBytes, variant);
  return { ...step, requiresMemory };
}

/** Returns the records of the steps that it reads from, whose texts must be there. */
async function findInputs(
  { inputs, step }: JobFile,
  store: Store,
  workspace: WorkerOptions["workspace"],
): Promise<BuildRuntime["records"]> {
  const records: BuildRuntime["records"] = new Map();
  for (const input of Object.values(inputs)) {
    if (input.kind !== "step") {
      // Another run may have removed it as unused before this job's file was visible to it.
      if (await isReadable(sharedFile(workspace, input.digest))) continue;
      throw missingInput(step, `a text (${input.digest.slice(0, 16)}…)`);
    }
    const record = records.get(input.step) ?? (await store.find(input.stage, input.key, { readOnly: true }));
    const dropped = record?.outputs.some(({ path, dropped }) => path === input.file && dropped);
    if (record === undefined || dropped) {
      throw missingInput(step, input.step);
    }
    records.set(input.step, record);
  }
  return records;
}

async function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

function missingInput(step: string, input: string): QuantsmithError {
  return new QuantsmithError("QS-WORKER-INPUT", `${step} needs ${input}, which is not in the store`, {
    remedy: "Run the recipe again to rebuild what is missing, and check that all machines use the same store.",
  });
}

/** Throws QS-WORKER-TOOLS if a tool differs from the plan: its outputs would differ under the same key. */
async function requireTools({ toolDigests, step }: JobFile, { tools }: Operation): Promise<void> {
  const toolchain = await describeToolchain();
  for (const tool of tools) {
    const here = await toolDigest(tool, toolchain);
    if (here === toolDigests[tool]) continue;
    throw new QuantsmithError(
      "QS-WORKER-TOOLS",
      `${step} was planned with ${tool} ${toolDigests[tool]}, and this machine has ${here}`,
      { remedy: "Install the same version of quantsmith, with the same tools, on all machines." },
    );
  }
}

async function isFinished(store: Store, key: string): Promise<boolean> {
  const found = await Promise.all(stageNames.map((stage) => store.find(stage, key, { readOnly: true })));
  return found.some((record) => record !== undefined);
}

function unknownJob(key: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-WORKER-JOB", `${key.slice(0, 16)}…: ${why}`, {
    remedy: "Start workers with `quantsmith run --executor`, with the same quantsmith version on all machines.",
  });
}
