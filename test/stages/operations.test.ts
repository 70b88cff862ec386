import { expect, test } from "vitest";
import { findOperation } from "../../src/stages/operations.js";
import { demoRecipe } from "../fixtures/cli.js";
import { plannedSteps } from "../fixtures/planned-steps.js";

const full = demoRecipe
  .replace("pipeline: preview", "pipeline: thorough")
  .replace("./text/calibration.txt", "self")
  .replace("[Q8_0]", "[Q8_0, { name: Q3_K_M, dynamic: { bitsPerWeight: 3.6 } }]");

test("the operation id of every compute step resolves to the same operation on another machine", async () => {
  const recipes = [full, `${full}quantize: { engine: llama-quantize }\n`];
  const file = { path: "m.gguf", bytes: 1, digest: "sha256:0" };
  const plans = [
    ...recipes.map((recipe) => plannedSteps(recipe)),
    plannedSteps(full, { gguf: [file.path], files: [file], config: null }),
  ];
  const steps = (await Promise.all(plans)).flat();
  const local = new Set(steps.flatMap(({ id, operation }) => (operation === undefined ? [id] : [])));
  expect([...local]).toEqual(["fetch", "package"]);
  expect(steps.map(({ operation }) => operation)).toContain("adopt-gguf");
  for (const { id, operation = "", version, resource, tools } of steps.filter((step) => !local.has(step.id))) {
    const found = findOperation(operation);
    expect({ version: found?.version, resource: found?.resource, tools: found?.tools }, id).toEqual({
      version,
      resource,
      tools,
    });
  }
});
