import type { KnapsackChoice } from "./knapsack-choice.js";

export interface Relaxation {
  /** Damage that one more byte saves at the optimum; 0 if the budget does not bind. */
  price: number;
  /** Lower bound of the damage: the optimum with fractional choices. */
  bound: number;
  /** A choice per item within the budget: the relaxed optimum without its one fractional step. */
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
 * Solves the linear relaxation of the knapsack exactly: takes the steps along the lower convex hulls of all items by
 * descending rate until the budget is used up. The first step that does not fit determines the price. `items` are
 * undominated choices, ascending in bytes; the smallest choices must fit the budget.
 */
export function relax(items: readonly (readonly KnapsackChoice[])[], budgetBytes: number): Relaxation {
  const base = items.map(() => 0);
  let left = budgetBytes;
  let damage = 0;
  for (const [first] of items) {
    left -= first?.bytes ?? 0;
    damage += first?.damage ?? 0;
  }
  // Rates decrease along a hull, so this order keeps the steps of an item in sequence.
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
      // Of equal rates the larger step, so that points on an edge do not become separate steps.
      if (best === undefined || rate >= best.rate) best = { item, to, bytes, saved, rate };
    }
    if (best === undefined) break;
    steps.push(best);
    from = best.to;
  }
  return steps;
}
