import type { Plan, Step } from "../plan/plan.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { type RemovalHooks, whileIdle } from "./cache.js";
import { isWithin, type StepRecord } from "./record.js";
import { keyPlan } from "./step-keys.js";
import { type OnMoved, Store } from "./store.js";
import type { Workspace } from "./workspace.js";

/** Contents of a trimmed store. */
export interface TrimmedStore {
  steps: { id: string; key: string; bytes: number }[];
  /** Bytes of the remaining files. */
  bytes: number;
}

/**
 * Reduces the store to what another machine needs to continue: the finished steps of `keptStepIds`, and of their files
 * only those that another step of the plan or the report reads. Other files are recorded as dropped: their step counts
 * as finished, and is rebuilt on demand. Everything else is removed.
 * Errors: QS-CACHE-BUSY while a run uses the store; QS-CACHE-OTHER, before anything is removed, when the store contains
 * steps but none of the plan.
 */
export async function trimStore(
  plan: Plan,
  keptStepIds: ReadonlySet<string>,
  workspace: Workspace,
  hooks: RemovalHooks = {},
): Promise<TrimmedStore> {
  const remove = (requireHeld: () => void) => trimIdle(plan, keptStepIds, workspace, requireHeld, hooks.onMoved);
  return whileIdle(workspace, hooks, remove);
}

async function trimIdle(
  plan: Plan,
  keptStepIds: ReadonlySet<string>,
  workspace: Workspace,
  requireHeld: () => void,
  onMoved?: OnMoved,
): Promise<TrimmedStore> {
  const store = new Store(workspace);
  const keyed = keyPlan(plan);
  const records = await store.records();
  const planned = new Set([...keyed.values()].map(({ key }) => key));
  if (records.length > 0 && !records.some(({ record }) => planned.has(record.key))) throw otherStore(plan.name);
  await store.collectGarbage(requireHeld);
  const left: TrimmedStore = { steps: [], bytes: 0 };
  const kept = new Set<string>();
  for (const { step, key } of keyed.values()) {
    if (!keptStepIds.has(step.id)) continue;
    const found = await store.find(step.stage, key);
    if (found === undefined) continue;
    const record = await dropUnread(found, filesReadLater(plan, step, keptStepIds), store, requireHeld);
    const present = record.outputs.filter(({ dropped }) => dropped !== true);
    const bytes = present.reduce((sum, output) => sum + output.bytes, 0);
    kept.add(key);
    left.steps.push({ id: step.id, key, bytes });
    left.bytes += bytes;
  }
  for (const { record } of records) {
    requireHeld();
    if (!kept.has(record.key)) await store.remove(record.fingerprint.stage, record.key, onMoved);
  }
  return left;
}

function otherStore(recipe: string): QuantsmithError {
  return new QuantsmithError(
    "QS-CACHE-OTHER",
    `the store does not contain any step of the current plan of ${quote(recipe)}, so nothing was removed`,
    {
      remedy:
        "Run `quantsmith run` again with the current recipe, texts and model, and pin the model with `revision`. To remove the old steps, run `quantsmith cache gc`.",
    },
  );
}

async function dropUnread(
  found: StepRecord,
  read: ReadonlySet<string>,
  store: Store,
  requireHeld: () => void,
): Promise<StepRecord> {
  let record = found;
  for (const { path, dropped } of found.outputs) {
    const needed = [...read].some((output) => isWithin(path, output));
    if (needed || dropped === true) continue;
    requireHeld();
    record = await store.drop(record, path);
  }
  return record;
}

/** Returns the outputs of a step that steps built elsewhere, or the report of every run, read later. */
function filesReadLater(plan: Plan, producer: Step, keptStepIds: ReadonlySet<string>): Set<string> {
  const later = plan.steps.filter(({ id }) => !keptStepIds.has(id)).map(({ inputs }) => inputs);
  const files = [...later, plan.report.inputs].flatMap((inputs) =>
    Object.values(inputs).flatMap((input) => (input.kind === "step" && input.step === producer.id ? [input.file] : [])),
  );
  return new Set(files);
}
