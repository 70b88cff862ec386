import { QuantsmithError } from "../util/errors.js";
import type { KnapsackChoice } from "./knapsack-choice.js";
import { relax } from "./knapsack-relaxation.js";
import { searchCore } from "./knapsack-search.js";

export interface KnapsackItem {
  id: string;
  choices: readonly KnapsackChoice[];
}

export interface KnapsackProblem {
  items: readonly KnapsackItem[];
  budgetBytes: number;
  /** The one type an item must get. */
  pins?: ReadonlyMap<string, string>;
  /** The least bytes an item may get, from a floor in bits per weight. */
  floors?: ReadonlyMap<string, number>;
}

export interface KnapsackSolution {
  /** Type by item. */
  choice: Map<string, string>;
  bytes: number;
  damage: number;
  /** No choice within the budget has less damage than this. */
  bound: number;
  /** (damage - bound) / bound: the solution is at most this much worse than the best. 0 when both are equal. */
  gap: number;
}

/**
 * Gives every item one choice so that the sum of damage is least and the sum of bytes within the budget:
 * the multiple-choice knapsack. The linear relaxation, solved exactly, gives the bound and a start; a search over
 * the choices that the bound cannot rule out gives the rest (Pisinger, EJOR 83, 1995). Deterministic.
 * Throws QS-ALLOCATE-BUDGET when even the smallest choices take more, QS-ALLOCATE-CHOICE when a pin or floor leaves
 * an item nothing.
 */
export function solve(problem: KnapsackProblem): KnapsackSolution {
  const items = problem.items.map((item) => undominated(allowed(item, problem)));
  const smallest = sum(items.map(([first]) => first?.bytes ?? 0));
  if (smallest > problem.budgetBytes) throw overBudget(smallest, problem.budgetBytes);
  const relaxation = relax(items, problem.budgetBytes);
  const picked = searchCore(items, problem.budgetBytes, relaxation);
  const chosen = items.flatMap((choices, i) => choices[picked[i] ?? 0] ?? []);
  const damage = sum(chosen.map((choice) => choice.damage));
  // Rounding can lift the bound by a hair above a solution that meets it.
  const bound = Math.min(relaxation.bound, damage);
  return {
    choice: new Map(problem.items.map((item, i) => [item.id, chosen[i]?.type ?? ""])),
    bytes: sum(chosen.map((choice) => choice.bytes)),
    damage,
    bound,
    gap: damage === bound ? 0 : (damage - bound) / Math.abs(bound),
  };
}

function allowed(item: KnapsackItem, { pins, floors }: KnapsackProblem): KnapsackChoice[] {
  const pin = pins?.get(item.id);
  const floor = floors?.get(item.id) ?? 0;
  // A pin is somebody's explicit wish and goes below a floor.
  const left = item.choices.filter(({ type, bytes }) => (pin === undefined ? bytes >= floor : type === pin));
  if (left.length > 0) return left;
  const why = pin === undefined ? `none of its types takes ${floor} bytes` : `it cannot have the type ${pin}`;
  throw new QuantsmithError("QS-ALLOCATE-CHOICE", `No type is left for ${item.id}: ${why}`, {
    remedy: "Allow more types in the recipe's `dynamic.types`, or take back the rule for this tensor.",
  });
}

/** By bytes, without choices for which another is neither larger nor worse: each next one does less damage. */
export function undominated(choices: readonly KnapsackChoice[]): KnapsackChoice[] {
  const kept: KnapsackChoice[] = [];
  for (const choice of choices.toSorted((a, b) => a.bytes - b.bytes || a.damage - b.damage)) {
    const last = kept.at(-1);
    if (last === undefined || choice.damage < last.damage) kept.push(choice);
  }
  return kept;
}

function overBudget(smallest: number, budget: number): QuantsmithError {
  const message = `The budget of ${budget} bytes for tensors is too small: the smallest allowed types take ${smallest}`;
  return new QuantsmithError("QS-ALLOCATE-BUDGET", message, {
    remedy: "Raise the budget, or allow smaller types; types under 3 bits need calibration data for every tensor.",
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
