import type { KnapsackChoice } from "./knapsack-choice.js";

export interface Relaxation {
  /** Damage one more byte saves at the optimum; 0 when the budget does not bind. */
  price: number;
  /** Least possible damage when choices may be mixed in parts: a lower bound. */
  bound: number;
  /** A choice for every item, within the budget: the relaxed optimum without its one split item. */
  base: number[];
}

interface Step {
  item: number;
  to: number;
  bytes: number;
  /** Damage saved. */
  saved: number;
  /** Damage saved per byte. */
  rate: number;
}

/**
 * The Lagrangian of the knapsack at its best price, exactly: steps up the lower convex hull of each item's choices,
 * taken by rate until the budget ends. The step that no longer fits sets the price. `items` hold undominated
 * choices by bytes, whose smallest fit together.
 */
export function relax(items: readonly (readonly KnapsackChoice[])[], budgetBytes: number): Relaxation {
  const base = items.map(() => 0);
  let left = budgetBytes;
  let damage = 0;
  for (const [first] of items) {
    left -= first?.bytes ?? 0;
    damage += first?.damage ?? 0;
  }
  // Rates fall along a hull, so this order takes the steps of an item one after the other.
  const steps = items.flatMap(hullSteps).sort((a, b) => b.rate - a.rate || a.item - b.item || a.to - b.to);
  for (const step of steps) {
    if (step.bytes > left) return { price: step.rate, bound: damage - left * step.rate, base };
    base[step.item] = step.to;
    left -= step.bytes;
    damage -= step.saved;
  }
  return { price: 0, bound: damage, base };
}

function hullSteps(choices: readonly KnapsackChoice[], item: number): Step[] {
  const steps: Step[] = [];
  let from = 0;
  while (from < choices.length - 1) {
    let best: Step | undefined;
    for (let to = from + 1; to < choices.length; to++) {
      const bytes = (choices[to]?.bytes ?? 0) - (choices[from]?.bytes ?? 0);
      const saved = (choices[from]?.damage ?? 0) - (choices[to]?.damage ?? 0);
      const rate = saved / bytes;
      // Of equal rates the farther, so that points on an edge make no steps of their own.
      if (best === undefined || rate >= best.rate) best = { item, to, bytes, saved, rate };
    }
    if (best === undefined) break;
    steps.push(best);
    from = best.to;
  }
  return steps;
}
