import type { Step } from "../plan/plan.js";
import type { StepSummary } from "../stages/stage.js";
import { activeScratch } from "../util/scratch.js";
import type { Runtime } from "./runtime.js";

/**
 * With `keepIntermediates: false`, drops every intermediate file whose readers have all succeeded. The record stays, so
 * the step still counts as finished. A file whose reader failed is kept for the next run.
 */
export async function dropIntermediates(
  runtime: Runtime,
  statusOf: (step: string) => StepSummary["status"] | undefined,
): Promise<void> {
  const { plan, records, store, workspace } = runtime;
  if (plan.keepIntermediates) return;
  // Another run may be about to read them; the last run drops them.
  if ((await activeScratch(workspace.tmp)).length > 1) return;
  const succeeded = (step: Step) => ["built", "cached"].includes(statusOf(step.id) ?? "");
  for (const producer of plan.steps) {
    for (const file of producer.intermediates) {
      const record = records.get(producer.id);
      const present = record?.outputs.some(({ path, dropped }) => path === file && !dropped);
      const readers = plan.steps.filter((step) => reads(step, producer.id, file));
      if (record === undefined || !present || readers.length === 0 || !readers.every(succeeded)) continue;
      records.set(producer.id, await store.drop(record, file));
    }
  }
}

function reads(step: Step, producer: string, file: string): boolean {
  return Object.values(step.inputs).some(
    (input) => input.kind === "step" && input.step === producer && input.file === file,
  );
}
