import { expect, test } from "vitest";
import type { Step } from "../../src/plan/plan.js";
import { demoRecipe } from "../fixtures/cli.js";
import { planned, stepKeys } from "../fixtures/planned-steps.js";

const recipe = demoRecipe
  .replace("pipeline: preview", "pipeline: release")
  .replace("[Q8_0]", "[Q4_K_M, { name: Q3_K_M, dynamic: { bitsPerWeight: 3.6 } }]");
const withBase = (base: string) => `${recipe}compute: { base: ${base} }\n`;

/** Ids of the steps that evaluate or read the output of `producer`. */
const readersOf = (steps: readonly Step[], producer: string) =>
  steps.flatMap(({ id, inputs: { model, evaluated = model } }) =>
    evaluated?.kind === "step" && evaluated.step === producer ? [id] : [],
  );

test("with a Q8_0 base, that copy is evaluated, and everything else is made from the 16-bit base", async () => {
  const { steps } = await planned(withBase("Q8_0"));
  expect(readersOf(steps, "convert:Q8_0")).toEqual([
    "validate:base:distance",
    "calibrate",
    "validate:base",
    "validate:base:noise",
    "allocate:base",
    "allocate:probes",
    "smoke:base",
  ]);
  expect(readersOf(steps, "convert")).toEqual([
    "convert:Q8_0",
    "validate:base:16bit",
    "allocate:errors",
    "quantize:Q4_K_M",
    "allocate:Q3_K_M:errors",
    "allocate:Q3_K_M",
    "quantize:Q3_K_M",
    "quantize:llama.cpp-Q4_K_M",
    "quantize:llama.cpp-Q3_K_S",
  ]);
  const reference = steps.find(({ id }) => id === "validate:base:16bit");
  expect(reference?.params).toMatchObject({ chunks: 4, texts: [{ name: "search.txt" }] });
  const report = steps.find(({ id }) => id === "package");
  expect(report?.params).toMatchObject({ evaluatedBase: "Q8_0", lock: { base: "Q8_0" } });
});

test("without a setting, and with 16bit, no key differs", async () => {
  const keys = stepKeys(await planned(recipe));
  expect(stepKeys(await planned(withBase("auto")))).toEqual(keys);
  expect(stepKeys(await planned(withBase("16bit")))).toEqual(keys);
  const copied = stepKeys(await planned(withBase("Q8_0")));
  expect(copied.get("calibrate")).not.toBe(keys.get("calibrate"));
  expect(copied.get("convert")).toBe(keys.get("convert"));
});

test("without dynamic variants, the search text is only read for the copy's distance", async () => {
  const preset = withBase("Q8_0").replace(", { name: Q3_K_M, dynamic: { bitsPerWeight: 3.6 } }", "");
  const { steps } = await planned(preset);
  expect(steps.map(({ id }) => id)).toContain("validate:base:16bit");
  expect(steps.map(({ id }) => id)).not.toContain("allocate:base");
});

test("a base that exceeds the memory is announced with what to set", async () => {
  const notes = async (base: string, memoryBytes: number | null) =>
    (await planned(withBase(base), { parameters: 8e9, vocabulary: 128_256 }, (facts) => ({ ...facts, memoryBytes })))
      .notes;
  expect(await notes("auto", 64e9)).toEqual([]);
  expect(await notes("auto", null)).toEqual([]);
  expect(await notes("16bit", 12e9)).toEqual([]);
  expect(await notes("auto", 12e9)).toEqual([
    "evaluating the 16-bit base needs about 17.3 GB of memory, and there are 12.0 GB. Set `compute: { base: Q8_0 }` in the recipe, which needs about 9.61 GB, or `compute: { base: 16bit }`, which reads what does not fit from the disk for each batch",
  ]);
  expect(await notes("Q8_0", 12e9)).toEqual([]);
  expect(await notes("auto", 8e9)).toEqual([expect.stringContaining("Use a machine with more memory, or set")]);
  expect(await notes("Q8_0", 8e9)).toEqual([expect.stringContaining("the Q8_0 copy of the base needs about 9.61 GB")]);
});

test("only steps that evaluate the base require the memory, and none with 16bit", async () => {
  const requiring = async (base: string) =>
    (await planned(withBase(base))).steps.flatMap(({ id, requiresMemory }) => (requiresMemory === true ? [id] : []));
  expect(await requiring("auto")).toEqual(
    expect.arrayContaining(["calibrate", "validate:base", "allocate:base", "allocate:probes", "smoke:base"]),
  );
  expect(await requiring("auto")).not.toContain("validate:Q4_K_M");
  expect(await requiring("Q8_0")).not.toContain("validate:base:16bit");
  expect(await requiring("16bit")).toEqual([]);
});
