import type { Plan, Step } from "../plan/plan.js";
import { QuantsmithError } from "../util/errors.js";
import { requireIdle } from "./cache.js";
import { isWithin, type StepRecord } from "./record.js";
import { keyPlan } from "./step-keys.js";
import { Store } from "./store.js";
import type { Workspace } from "./workspace.js";

/** What was left in a store. */
export interface TrimmedStore {
  steps: { id: string; key: string; bytes: number }[];
  /** Bytes of the files that are left. */
  bytes: number;
}

/**
 * Leaves in the store what another machine needs to go on: the steps of `keptStepIds` that are finished, and of their files
 * those that any other step of the plan or the report reads. The records of the others say that they were dropped, so
 * the step counts as done there, and is made again should somebody want them after all. Everything else is removed.
 * Errors: QS-CACHE-BUSY while a run uses the store; QS-CACHE-OTHER, before anything is removed, when it holds steps and
 * none of the plan.
 */
export async function trimStore(
  plan: Plan,
  keptStepIds: ReadonlySet<string>,
  workspace: Workspace,
): Promise<TrimmedStore> {
  await requireIdle(workspace);
  const store = new Store(workspace);
  const keyed = keyPlan(plan);
  const records = await store.records();
  const planned = new Set([...keyed.values()].map(({ key }) => key));
  if (records.length > 0 && !records.some(({ record }) => planned.has(record.key))) throw otherStore(plan.name);
  await store.collectGarbage();
  const left: TrimmedStore = { steps: [], bytes: 0 };
  const kept = new Set<string>();
  for (const { step, key } of keyed.values()) {
    if (!keptStepIds.has(step.id)) continue;
    const found = await store.find(step.stage, key);
    if (found === undefined) continue;
    const record = await dropUnread(found, filesReadLater(plan, step, keptStepIds), store);
    const present = record.outputs.filter(({ dropped }) => dropped !== true);
    const bytes = present.reduce((sum, output) => sum + output.bytes, 0);
    kept.add(key);
    left.steps.push({ id: step.id, key, bytes });
    left.bytes += bytes;
  }
  for (const { record } of records) {
    if (!kept.has(record.key)) await store.remove(record.fingerprint.stage, record.key);
  }
  return left;
}

function otherStore(recipe: string): QuantsmithError {
  return new QuantsmithError("QS-CACHE-OTHER", `the store holds no step of ${recipe} as it is planned now`, {
    remedy:
      "Nothing was removed. The recipe, its texts or the model have changed since the run; a `revision` in the recipe keeps the model from moving. Run again, or clean up with `cache gc`.",
  });
}

async function dropUnread(found: StepRecord, read: ReadonlySet<string>, store: Store): Promise<StepRecord> {
  let record = found;
  for (const { path, dropped } of found.outputs) {
    const needed = [...read].some((output) => isWithin(path, output));
    if (!needed && dropped !== true) record = await store.drop(record, path);
  }
  return record;
}

/** Outputs of a step that are read by steps which are still to be built elsewhere, or by the report of every run. */
function filesReadLater(plan: Plan, producer: Step, keptStepIds: ReadonlySet<string>): Set<string> {
  const later = plan.steps.filter(({ id }) => !keptStepIds.has(id)).map(({ inputs }) => inputs);
  const files = [...later, plan.report.inputs].flatMap((inputs) =>
    Object.values(inputs).flatMap((input) => (input.kind === "step" && input.step === producer.id ? [input.file] : [])),
  );
  return new Set(files);
}
