import type { Plan } from "../plan/plan.js";

/**
 * Returns the peak disk use of a run in bytes, without existing files, given the bytes that each step writes. Steps run
 * in the plan's order. With `keepIntermediates: false`, a step with only intermediate outputs frees its bytes after its
 * last reader. Release folders contain hard links and add nothing.
 */
export function diskPeak(plan: Plan, bytes: ReadonlyMap<string, number>): number {
  let now = 0;
  let peak = 0;
  plan.steps.forEach((step, index) => {
    now += bytes.get(step.id) ?? 0;
    peak = Math.max(peak, now);
    if (plan.keepIntermediates) return;
    for (const producer of plan.steps.slice(0, index)) {
      if (producer.intermediates.length > 0 && lastReader(plan, producer.id) === index) {
        now -= bytes.get(producer.id) ?? 0;
      }
    }
  });
  return peak;
}

/** Index of the last step that reads an intermediate file of a producer; -1 without a reader. */
function lastReader(plan: Plan, producer: string): number {
  const files = plan.steps.find(({ id }) => id === producer)?.intermediates ?? [];
  return plan.steps.findLastIndex((step) =>
    Object.values(step.inputs).some(
      (input) => input.kind === "step" && input.step === producer && files.includes(input.file),
    ),
  );
}
