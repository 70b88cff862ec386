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
}

export interface KnapsackSolution {
  /** Type by item. */
  choice: Map<string, string>;
  bytes: number;
  damage: number;
  /** Lower bound of the damage within the budget. */
  bound: number;
  /** (damage - bound) / bound, an upper bound of the relative distance to the optimum; 0 if both are equal. */
  gap: number;
}

/**
 * Solves the multiple-choice knapsack: one choice per item, minimum total damage, total bytes within the budget. The exact
 * linear relaxation provides the bound and an initial solution; a search over the choices that the bound does not exclude
 * improves it (Pisinger, EJOR 83, 1995). Deterministic. Every item needs at least one choice.
 * Throws QS-ALLOCATE-BUDGET if the smallest choices exceed the budget.
 */
export function solve(problem: KnapsackProblem): KnapsackSolution {
  const items = problem.items.map((item) => undominated(item.choices));
  const smallest = sum(items.map(([first]) => first?.bytes ?? 0));
  if (smallest > problem.budgetBytes) throw overBudget(smallest, problem.budgetBytes);
  const relaxation = relax(items, problem.budgetBytes);
  const picked = searchCore(items, problem.budgetBytes, relaxation);
  const chosen = items.flatMap((choices, i) => choices[picked[i] ?? 0] ?? []);
  const damage = sum(chosen.map((choice) => choice.damage));
  // Rounding can place the bound slightly above a solution that is equal to it.
  const bound = Math.min(relaxation.bound, damage);
  return {
    choice: new Map(problem.items.map((item, i) => [item.id, chosen[i]?.type ?? ""])),
    bytes: sum(chosen.map((choice) => choice.bytes)),
    damage,
    bound,
    gap: damage === bound ? 0 : (damage - bound) / Math.abs(bound),
  };
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
  const message = `the budget of ${budget} bytes for tensors is too small: the smallest allowed types need ${smallest}`;
  return new QuantsmithError("QS-ALLOCATE-BUDGET", message, {
    remedy: "Raise the budget, or allow smaller types; types below 3 bits require calibration data for every tensor.",
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
