import { describe, expect, test } from "vitest";
import type { TensorErrors } from "../../../src/quant/error-table.js";
import { type GgmlType, knownType } from "../../../src/quant/ggml-types.js";
import { type KnapsackItem, solve } from "../../../src/quant/knapsack.js";
import type { TypeChoice } from "../../../src/stages/allocate/choose-types.js";
import { exchanges } from "../../../src/stages/allocate/exchanges.js";
import { refineChoice } from "../../../src/stages/allocate/refine-choice.js";

/** Bytes and error of each type, the same for all tensors. */
const types = { Q2_K: [26, 0.07], Q3_K: [34, 0.02], Q4_K: [45, 0.005], Q6_K: [66, 0.0003] } as const;
const names = ["a", "b", "c", "d", "e", "f"];
const budgetBytes = 45 * names.length;

const tensors = names.map(
  (name): TensorErrors => ({
    name,
    role: name,
    layer: null,
    shape: [256, 256],
    elements: 65_536,
    errors: Object.fromEntries(Object.entries(types).map(([type, [, error]]) => [type, error])),
    bytes: Object.fromEntries(Object.entries(types).map(([type, [bytes]]) => [type, bytes])),
  }),
);

const items = (alphas: ReadonlyMap<string, number>): KnapsackItem[] =>
  names.map((id) => ({
    id,
    choices: Object.entries(types).map(([type, [bytes, error]]) => ({
      type,
      bytes,
      damage: (alphas.get(id) ?? 0) * error,
    })),
  }));

const choiceOf = (chosen: ReadonlyMap<string, string>): TypeChoice => ({
  types: new Map([...chosen].map(([name, type]): [string, GgmlType] => [name, knownType(type)])),
  fileBytes: [...chosen.values()].reduce((sum, type) => sum + types[type as keyof typeof types][0], 0),
  predictedKld: 0,
  boundGap: 0,
});

const choose = (alphas: ReadonlyMap<string, number>) => choiceOf(solve({ items: items(alphas), budgetBytes }).choice);

/** Refines a model with the alphas `truth` from the estimated alphas `thought`. */
function refine(truth: readonly number[], thought: readonly number[]) {
  let measured = 0;
  const alphas = new Map(names.map((name, i) => [name, thought[i] ?? 0]));
  const damage = (chosen: ReadonlyMap<string, string>) =>
    [...chosen].reduce(
      (sum, [name, type]) => sum + (truth[names.indexOf(name)] ?? 0) * types[type as keyof typeof types][1],
      0,
    );
  const result = refineChoice({
    start: choose(alphas),
    alphas,
    units: tensors.map((tensor) => ({ id: tensor.name, role: tensor.role, tensors: [tensor] })),
    budgetBytes,
    choose,
    items,
    change: ({ types: before }, changes) =>
      choiceOf(new Map([...before].map(([name, { name: type }]) => [name, changes.get(name) ?? type]))),
    measure: async (chosen) => {
      measured++;
      return { kld: damage(chosen), kldError: damage(chosen) / 1000 };
    },
  });
  return result.then((refinement) => ({ ...refinement, measured, best: damage(namesOf(choose(truthMap(truth)))) }));
}

const truthMap = (truth: readonly number[]) => new Map(names.map((name, i) => [name, truth[i] ?? 0]));
const namesOf = ({ types: chosen }: TypeChoice) => new Map([...chosen].map(([name, { name: type }]) => [name, type]));

describe("refineChoice", () => {
  test("finds the best choice from wrong probes", async () => {
    const { startKld, kld, best, choice } = await refine([9, 1, 1, 1, 1, 0.1], [1, 9, 1, 1, 1, 1]);
    expect(startKld).toBeGreaterThan(best * 1.5);
    expect(kld).toBeLessThanOrEqual(best * 1.01);
    expect(choice.fileBytes).toBeLessThanOrEqual(budgetBytes);
  });

  test("keeps the best choice and stops early", async () => {
    const truth = [9, 1, 2, 1, 3, 0.1];
    const { startKld, kld, best, measured } = await refine(truth, truth);
    expect([startKld, kld]).toEqual([best, best]);
    // The start, one round of six groups with its new choice, four exchanges without a gain.
    expect(measured).toBe(1 + 6 + 1 + 4);
  });
});

describe("exchanges", () => {
  test("one up and one down within the budget, most promising first, only along the tensor's Pareto frontier", () => {
    const two: KnapsackItem[] = ["a", "b"].map((id, i) => ({
      id,
      choices: [
        { type: "Q2_K", bytes: 26, damage: 7 },
        { type: "Q3_K", bytes: 34, damage: 3 - i },
        { type: "IQ4_NL", bytes: 40, damage: 5 },
        { type: "Q4_K", bytes: 45, damage: 1 },
      ],
    }));
    const chosen = new Map([
      ["a", "Q3_K"],
      ["b", "Q3_K"],
    ]);
    expect(exchanges(two, chosen, 2)).toEqual([]);
    const found = exchanges(two, chosen, 3);
    expect(found.map(({ types: change, damage }) => [Object.fromEntries(change), damage])).toEqual([
      [{ a: "Q4_K", b: "Q2_K" }, 3],
      [{ b: "Q4_K", a: "Q2_K" }, 3],
    ]);
    expect(exchanges(two, chosen, 11)[0]).toEqual({ types: new Map([["a", "Q4_K"]]), damage: -2 });
  });
});
