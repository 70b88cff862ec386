import { expect, test } from "vitest";
import { selectSubset } from "../../src/plan/selection.js";
import { demoRecipe } from "../fixtures/cli.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = demoRecipe.replace("pipeline: preview", "pipeline: release").replace(
  "[Q8_0]",
  `
  - Q8_0
  - { name: Q6_K, preset: Q6_K, rounding: nearest }
  - { name: Q4_K_M, dynamic: { sizeOf: Q4_K_M } }
  - { name: Q4_K_S, preset: Q4_K_M, tensors: { output: Q8_0 } }
  - { name: Q3_K_S, dynamic: { bitsPerWeight: 3.95 } }`,
);
const comparatorSteps = async (text: string) =>
  (await planned(text)).steps.filter(({ variant }) => variant?.includes("llama.cpp"));

test("variants by measurement or with error feedback are compared with the preset of their size, each built once", async () => {
  const built = await comparatorSteps(recipe);
  expect(built.map(({ id }) => id)).toEqual(
    ["Q8_0", "Q4_K_M", "Q3_K_M"].flatMap((preset) => [
      `quantize:llama.cpp-${preset}`,
      `validate:llama.cpp-${preset}:structure`,
      `validate:llama.cpp-${preset}`,
    ]),
  );
  expect(built[3]?.params).toMatchObject({ preset: "Q4_K_M", rules: [], rounding: "nearest" });
  expect(built[3]?.inputs).not.toHaveProperty("moments");
});

test("a comparator has no gates, and is measured in the blocks of variants that may end early", async () => {
  const built = await comparatorSteps(`${recipe}gates: { kldMean: { max: { of: Q8_0, ratio: 99 } } }\n`);
  expect(built.find(({ id }) => id === "validate:llama.cpp-Q4_K_M")?.params).toMatchObject({
    limits: [],
    referenced: true,
  });
});

test("the package step knows the preset of each variant", async () => {
  const { variants } = (await planned(recipe)).report.params;
  expect(variants.map(({ comparator }) => comparator)).toEqual(["Q8_0", undefined, "Q4_K_M", "Q4_K_M", "Q3_K_M"]);
});

test("a recipe can do without comparators", async () => {
  expect(await comparatorSteps(`${recipe}comparators: false\n`)).toEqual([]);
});

test("a run of one variant builds what it is compared with, and nothing of others", async () => {
  const plan = await planned(recipe);
  const settings = { stages: ["quantize"], variants: [{ name: "Q3_K_S" }] } as never;
  const { steps } = selectSubset(plan, settings, { variants: ["q3_k_s"] });
  const built = steps.filter(({ mode, variant }) => mode === "build" && variant?.startsWith("llama.cpp"));
  expect(new Set(built.map(({ variant }) => variant))).toEqual(new Set(["llama.cpp-Q3_K_M"]));
});
