import loadHighs from "highs";
import { describe, expect, test } from "vitest";
import { ggmlTypeByName } from "../../src/quant/ggml-types.js";
import { type KnapsackProblem, solve } from "../../src/quant/knapsack.js";
import { thrownBy } from "../fixtures/failure.js";
import { randomIntegers } from "../fixtures/random.js";

// The types describe the CommonJS build; Node loads the ESM build, whose default export is the loader.
const highs = await (loadHighs as unknown as typeof loadHighs.default)();
const types = ["IQ2_S", "Q2_K", "IQ3_XXS", "IQ3_S", "Q3_K", "IQ4_XS", "Q4_K", "Q5_0", "Q5_K", "Q6_K", "Q8_0", "F16"];
const rowsOf = [16, 1024, 4096, 14_336, 32_000];

/** A problem like that of a model: each bit divides damage by four, with noise; every third problem is pure noise. */
function randomProblem(seed: number, size: number, choices: number): KnapsackProblem {
  const random = randomIntegers(seed * 7919);
  const fraction = () => random(2 ** 24) / 2 ** 24;
  const items = Array.from({ length: size }, (_, i) => {
    const elements = 256 * (rowsOf[random(rowsOf.length)] ?? 1);
    const sensitivity = Math.exp(4 * fraction()) / 1e6;
    return {
      id: `t${i}`,
      choices: types.slice(0, choices).map((type) => {
        const bits = ggmlTypeByName(type)?.bitsPerWeight ?? 0;
        if (seed % 3 === 0) return { type, bytes: 1 + random(1e6), damage: 100 * fraction() };
        const damage = sensitivity * elements * 4 ** -bits * (0.7 + 0.6 * fraction());
        return { type, bytes: (elements * bits) / 8, damage };
      }),
    };
  });
  const extreme = (pick: (...values: number[]) => number) =>
    items.reduce((sum, item) => sum + pick(...item.choices.map(({ bytes }) => bytes)), 0);
  const smallest = extreme(Math.min);
  return { items, budgetBytes: Math.floor(smallest + (extreme(Math.max) - smallest) * fraction()) };
}

/** Least damage as HiGHS finds it, to nine digits. */
function optimum({ items, budgetBytes }: KnapsackProblem): number {
  const name = (i: number, k: number) => `x${i}_${k}`;
  const all = items.flatMap(({ choices }, i) => choices.map((choice, k) => ({ ...choice, variable: name(i, k) })));
  const program = [
    `Minimize\n obj: ${all.map(({ damage, variable }) => `${damage} ${variable}`).join("\n + ")}`,
    `Subject To\n budget: ${all.map(({ bytes, variable }) => `${bytes} ${variable}`).join("\n + ")} <= ${budgetBytes}`,
    ...items.map(({ choices }, i) => ` one${i}: ${choices.map((_, k) => name(i, k)).join(" + ")} = 1`),
    `Binary\n ${all.map(({ variable }) => variable).join(" ")}\nEnd`,
  ];
  const result = highs.solve(program.join("\n"), { output_flag: false, mip_rel_gap: 1e-9, mip_abs_gap: 0 });
  expect(result.Status).toBe("Optimal");
  return result.ObjectiveValue;
}

function checkAgainstHighs(problem: KnapsackProblem): void {
  const solution = solve(problem);
  const chosen = problem.items.map(({ id, choices }) => {
    const choice = choices.find(({ type }) => type === solution.choice.get(id));
    if (choice === undefined) throw new Error(`${id} has no choice`);
    return choice;
  });
  expect(solution.bytes).toBe(chosen.reduce((sum, { bytes }) => sum + bytes, 0));
  expect(solution.bytes).toBeLessThanOrEqual(problem.budgetBytes);
  expect(solution.damage).toBeCloseTo(
    chosen.reduce((sum, { damage }) => sum + damage, 0),
    9,
  );
  const best = optimum(problem);
  expect(solution.damage).toBeLessThanOrEqual(best * 1.001);
  expect(solution.bound).toBeLessThanOrEqual(best * (1 + 1e-9));
  expect(solution.gap).toBeCloseTo((solution.damage - solution.bound) / solution.bound, 9);
}

describe("within 0.1 % of the optimum proved by HiGHS", () => {
  const sizes = [1, 2, 3, 4, 6, 9, 14, 20, 28];
  const counts = [2, 4, 8, 12];

  test.each(counts)("18 problems of %i types", (count) => {
    for (let seed = 1; seed <= 18; seed++) checkAgainstHighs(randomProblem(seed, sizes[seed % 9] ?? 1, count));
  });
});

test("700 tensors of 12 types are solved within 0.05 %, with nearly all bytes used", () => {
  for (const seed of [1, 2, 4, 5]) {
    const problem = randomProblem(seed, 700, 12);
    const solution = solve(problem);
    expect(solution.bytes).toBeLessThanOrEqual(problem.budgetBytes);
    expect(solution.bytes).toBeGreaterThan(0.9975 * problem.budgetBytes);
    expect(solution.gap).toBeLessThan(0.0005);
    expect(solve(problem)).toEqual(solution);
  }
});

describe("edges", () => {
  const items = [
    {
      id: "a",
      choices: [
        { type: "Q4_K", bytes: 100, damage: 4 },
        { type: "Q8_0", bytes: 200, damage: 1 },
      ],
    },
    {
      id: "b",
      choices: [
        { type: "Q4_K", bytes: 50, damage: 9 },
        { type: "Q8_0", bytes: 100, damage: 2 },
      ],
    },
  ];

  test("a budget above the maximum, exactly the minimum, and one byte less", () => {
    expect(solve({ items, budgetBytes: 1e6 })).toMatchObject({ bytes: 300, damage: 3, bound: 3, gap: 0 });
    expect(solve({ items, budgetBytes: 150 })).toMatchObject({ bytes: 150, damage: 13 });
    const error = thrownBy(() => solve({ items, budgetBytes: 149 }));
    expect(error.code).toBe("QS-ALLOCATE-BUDGET");
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain("150");
  });

  test("no items", () => {
    expect(solve({ items: [], budgetBytes: 0 })).toEqual({ choice: new Map(), bytes: 0, damage: 0, bound: 0, gap: 0 });
  });

  test("a type that is larger and worse is never taken", () => {
    const choices = [
      { type: "IQ3_S", bytes: 110, damage: 1 },
      { type: "Q3_K", bytes: 110, damage: 2 },
      { type: "Q4_0", bytes: 144, damage: 3 },
    ];
    expect(solve({ items: [{ id: "a", choices }], budgetBytes: 1000 }).choice.get("a")).toBe("IQ3_S");
  });
});
