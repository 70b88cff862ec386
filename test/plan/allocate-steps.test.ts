import { expect, test } from "vitest";
import type { PlanFacts } from "../../src/plan/facts.js";
import { dependencies } from "../../src/plan/plan.js";
import { demoRecipe, put } from "../fixtures/cli.js";
import { failureOf } from "../fixtures/failure.js";
import { planned, stepKeys } from "../fixtures/planned-steps.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const pipeline = put(`${temporaryFolder()}/groups.yaml`, "version: 1\nprobes: groups\n");
const recipe = (variants: string) =>
  demoRecipe.replace("pipeline: preview", `pipeline: ${pipeline}`).replace("[Q8_0]", `[${variants}]`);
const first = "{ name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }";

test("an additional type of one variant does not change the probes or other variants", async () => {
  const keysWith = async (second: string) => stepKeys(await planned(recipe(`${first}, ${second}`)));
  const before = await keysWith("{ name: Q3_K_M, dynamic: { bitsPerWeight: 4 } }");
  for (const change of [
    "{ name: Q3_K_M, dynamic: { bitsPerWeight: 4, types: [Q4_0, Q5_0] } }",
    "{ name: Q3_K_M, dynamic: { bitsPerWeight: 4 }, tensors: { attn_v: Q5_1 } }",
  ]) {
    const after = await keysWith(change);
    const changed = [...before].filter(([id, key]) => after.get(id) !== key).map(([id]) => id);
    expect(changed).toContain("allocate:Q3_K_M:errors");
    expect(changed.filter((id) => !id.includes("Q3_K_M") && id !== "package")).toEqual([]);
  }
});

test("a variant reads the errors of its own types and rules, the probes read those of probe types", async () => {
  const { steps } = await planned(
    recipe("{ name: Q3_K_M, dynamic: { bytes: 1 GB, types: [Q4_K, Q3_K] }, tensors: { attn_v: Q6_K } }"),
  );
  const typesOf = (step: string) => steps.find(({ id }) => id === step)?.params.types;
  expect(typesOf("allocate:Q3_K_M:errors")).toEqual(["Q3_K", "Q4_K", "Q6_K"]);
  expect(typesOf("allocate:errors")).toEqual(["Q2_K"]);
  const allocate = steps.find(({ id }) => id === "allocate:Q3_K_M");
  expect(allocate && dependencies(allocate).map(({ id }) => id)).toEqual([
    "convert",
    "calibrate",
    "allocate:Q3_K_M:errors",
    "allocate:probes",
  ]);
});

test("a variant for a device leaves room for the model's projector", async () => {
  const vision = { config: { architectures: ["Gemma3ForConditionalGeneration"], vision_config: {} } };
  const made = "{ name: Q3_K_M, dynamic: { device: iphone-15-pro } }, { name: Q4_K_S, dynamic: { bitsPerWeight: 4 } }";
  const projectors = async (model: object) => {
    const { steps } = await planned(recipe(made), model);
    return ["Q3_K_M", "Q4_K_S"].map((name) => steps.find(({ id }) => id === `allocate:${name}`)?.inputs.projector);
  };
  const file = { kind: "step", step: "convert:mmproj:F16", file: "mmproj.gguf", optional: false };
  expect(await projectors(vision)).toEqual([file, undefined]);
  expect(await projectors({})).toEqual([undefined, undefined]);
});

test("a llama.cpp of others can allocate only without probes", async () => {
  const others = (facts: PlanFacts) => ({ ...facts, ownTools: false });
  expect(await failureOf(planned(recipe(first), {}, others))).toMatchObject({ code: "QS-TOOL-PROBES" });
  const without = recipe(first).replace(
    `pipeline: ${pipeline}`,
    `pipeline: ${put(`${temporaryFolder()}/none.yaml`, "version: 1\nprobes: none\n")}`,
  );
  const { steps } = await planned(without, {}, others);
  expect(steps.map(({ id }) => id)).not.toContain("allocate:probes");
});
