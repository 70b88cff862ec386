import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ConverterPython } from "../llamacpp/python-env.js";
import type { Toolchain } from "../llamacpp/toolchain.js";
import type { Plan, Step } from "../plan/plan.js";
import type { StageContext } from "../stages/stage.js";
import { canonicalJson } from "../util/canonical-json.js";
import type { DigestCache } from "../util/digest-cache.js";
import { QuantsmithError } from "../util/errors.js";
import { requireDiskSpace } from "./disk-space.js";
import type { EventBus } from "./events.js";
import { fingerprint, stepKey } from "./fingerprint.js";
import { withLock } from "./lock.js";
import type { StepRecord } from "./record.js";
import { inputDigests, inputPath } from "./step-inputs.js";
import { openBuildFolder, type Store } from "./store.js";
import { tmpName } from "./tmp-folder.js";
import type { Workspace } from "./workspace.js";

/** Gets the outside programs when a step first asks for them; `note` tells what takes long. */
export interface ToolProvider {
  toolchain(note: (text: string) => void): Promise<Toolchain>;
  python(note: (text: string) => void): Promise<ConverterPython>;
}

/** What the engine needs to run any step of a plan. */
export interface StepRuntime {
  plan: Plan;
  workspace: Workspace;
  store: Store;
  events: EventBus;
  digests: DigestCache;
  signal: AbortSignal;
  /** Build even what the store has. */
  fresh: boolean;
  /** Hash every stored output before trusting it. */
  verify: boolean;
  /** Records of the steps finished so far, by step id. */
  records: Map<string, StepRecord>;
  /** The parts of a stage's context that do not depend on the step. */
  shared: Pick<StageContext, "threads" | "steps">;
  tools: ToolProvider;
}

/** The key that a step has in this run, from the keys of the steps that did finish. */
export function keyOf(step: Step, runtime: StepRuntime): string {
  const keys = new Map([...runtime.records].map(([id, record]) => [id, record.key]));
  return stepKey(fingerprint(step, runtime.plan, keys));
}

/** A step's finished outputs from the store, if they are whole and were made from the inputs that exist now. */
export async function findStep(step: Step, runtime: StepRuntime, verify: boolean): Promise<StepRecord | undefined> {
  const record = await runtime.store.find(step.stage, keyOf(step, runtime), { verify });
  if (record === undefined) return undefined;
  const inputs = inputDigests(step.inputs, runtime.records);
  return canonicalJson(inputs) === canonicalJson(record.inputs) ? record : undefined;
}

/**
 * Builds one step under its lock and makes it final; another process may finish it first, and then its work is taken.
 * Throws what the stage throws; QS-DISK-SPACE before anything is written when the disk is too small.
 */
export async function buildStep(
  step: Step,
  runtime: StepRuntime,
): Promise<{ record: StepRecord; status: "built" | "cached" }> {
  const key = keyOf(step, runtime);
  const { events, workspace, store } = runtime;
  return withLock(
    join(workspace.store, ".locks"),
    key,
    {
      signal: runtime.signal,
      onWait: () => events.emit({ type: "step-waiting", id: step.id }),
      onLost: () => events.emit({ type: "step-note", id: step.id, note: "the lock was taken over by another process" }),
    },
    async () => {
      const present = runtime.fresh ? undefined : await findStep(step, runtime, runtime.verify);
      if (present !== undefined) return { record: present, status: "cached" };
      await requireDiskSpace(workspace.tmp, step.predictedBytes, step.id);
      events.emit({ type: "step-started", id: step.id, key });
      const folder = tmpName(workspace, step.stage);
      try {
        const build = await openBuildFolder(folder);
        const started = performance.now();
        const report = await step.run(stageContext(step, runtime, build));
        runtime.signal.throwIfAborted();
        const record = await store.commit(
          build.out,
          step.stage,
          {
            format: 1,
            key,
            step: step.id,
            recipe: runtime.plan.name,
            fingerprint: fingerprint(step, runtime.plan, recordKeys(runtime)),
            inputs: inputDigests(step.inputs, runtime.records),
            commands: report.commands ?? [],
            finished: new Date().toISOString(),
            seconds: (performance.now() - started) / 1000,
            peakMemoryBytes: report.peakMemoryBytes ?? 0,
          },
          await digestBy(step, runtime),
        );
        return { record, status: "built" };
      } catch (error) {
        throw asDiskFull(error, step.id);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
}

function recordKeys(runtime: StepRuntime): Map<string, string> {
  return new Map([...runtime.records].map(([id, record]) => [id, record.key]));
}

function stageContext(step: Step, runtime: StepRuntime, build: { out: string; work: string }): StageContext {
  const digests = inputDigests(step.inputs, runtime.records);
  const note = (text: string) => runtime.events.emit({ type: "step-note", id: step.id, note: text });
  return {
    ...runtime.shared,
    ...build,
    toolchain: () => runtime.tools.toolchain(note),
    python: () => runtime.tools.python(note),
    signal: runtime.signal,
    input: (name) => inputPath(step.inputs, name, runtime.records, runtime.store),
    digest: (name) => digests[name],
    progress: (progress) => runtime.events.emit({ type: "step-progress", id: step.id, progress }),
  };
}

/** Outputs that are hard links of inputs need no second reading: same device and inode, same content. */
async function digestBy(step: Step, runtime: StepRuntime): Promise<(path: string) => Promise<string>> {
  const known = new Map<string, string>();
  for (const [name, digest] of Object.entries(inputDigests(step.inputs, runtime.records))) {
    const path = inputPath(step.inputs, name, runtime.records, runtime.store);
    if (path !== undefined) known.set(await fileIdentity(path), digest);
  }
  return async (path) => known.get(await fileIdentity(path)) ?? runtime.digests.digest(path, runtime.signal);
}

async function fileIdentity(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Our own writes fail with ENOSPC where the native tools have their own words. */
function asDiskFull(error: unknown, step: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new QuantsmithError("QS-DISK-FULL", `the disk became full during ${step}`, {
    remedy: "Free space or give another folder with --out, then run again; finished steps are kept.",
    cause: error,
  });
}
