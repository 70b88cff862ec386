import { dependencies, type Plan } from "../plan/plan.js";
import { laneOf } from "./scheduler.js";

/**
 * Returns the seconds in which the steps with known durations end: a step starts when its inputs are finished and no
 * earlier step of the plan waits for the same lane. I/O counts as work of the CPU.
 */
export function scheduleSeconds(
  { steps, compute }: Pick<Plan, "steps" | "compute">,
  seconds: ReadonlyMap<string, number>,
): number {
  const ends = new Map<string, number>();
  const free = { device: 0, cpu: 0 };
  const waiting = new Set(steps.filter(({ id }) => seconds.has(id)));
  while (waiting.size > 0) {
    const ready = [...waiting].flatMap((step) => {
      const before = dependencies(step).map(({ id }) => id);
      if ([...waiting].some(({ id }) => before.includes(id))) return [];
      const lane = laneOf(step, compute.compute) === "device" ? ("device" as const) : ("cpu" as const);
      return [{ step, lane, start: Math.max(free[lane], ...before.map((id) => ends.get(id) ?? 0)) }];
    });
    const next = ready.reduce((first, other) => (other.start < first.start ? other : first));
    const end = next.start + (seconds.get(next.step.id) ?? 0);
    ends.set(next.step.id, end);
    free[next.lane] = end;
    waiting.delete(next.step);
  }
  return Math.max(free.device, free.cpu);
}
