import { expect, test } from "vitest";
import { dependencies } from "../../src/plan/plan.js";
import { demoRecipe } from "../fixtures/cli.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = (more = "") =>
  `${demoRecipe.replace(
    "evaluation: { corpus: ./text/evaluation.txt }",
    `evaluation:
  - { name: prose, corpus: ./text/evaluation.txt }
  - { name: long, corpus: [./text/evaluation.txt, self], chunks: 3, context: 8192 }`,
  )}${more}`;

test("each category has base logits and a measurement of its own, combined for the whole", async () => {
  const { steps } = await planned(recipe());
  const validate = steps.filter(({ stage, id }) => stage === "validate" && !id.includes("llama.cpp"));
  expect(validate.map(({ id }) => id)).toEqual([
    "validate:sample",
    "validate:texts",
    "validate:base:prose",
    "validate:base:noise",
    "validate:Q8_0:structure",
    "validate:Q8_0:prose",
    "validate:base:long",
    "validate:Q8_0:long",
    ...[512, 2048, 4096].flatMap((context) => [`validate:base:long:at-${context}`, `validate:Q8_0:long:at-${context}`]),
    "validate:base",
    "validate:Q8_0",
  ]);
  const of = (id: string) => steps.find((step) => step.id === id);
  expect(of("validate:base:prose")?.params).toMatchObject({ chunks: 5, context: 512 });
  expect(of("validate:base:long")?.params).toMatchObject({
    chunks: 3,
    context: 8192,
    texts: [{ name: "evaluation.txt" }, { name: "self-sampled.txt" }],
  });
  expect(Object.keys(of("validate:base:long")?.inputs ?? {})).toEqual(["model", "text0", "text1"]);
  // Shorter contexts of the long text, for the KLD by position.
  expect(of("validate:base:long:at-2048")?.params).toEqual({
    ...of("validate:base:long")?.params,
    chunks: 2,
    context: 2048,
  });
});

test("the combination reads every category as far as it was measured", async () => {
  const { steps, report } = await planned(recipe());
  const combined = steps.find(({ id }) => id === "validate:Q8_0");
  expect(combined && dependencies(combined)).toEqual([
    { id: "validate:Q8_0:prose", optional: true },
    { id: "validate:Q8_0:long", optional: true },
    ...[512, 2048, 4096].map((context) => ({ id: `validate:Q8_0:long:at-${context}`, optional: true })),
  ]);
  expect(report.inputs["quality:Q8_0"]).toMatchObject({ step: "validate:Q8_0", file: "quality.json" });
});

test("gates are judged by the combination, also those of a category", async () => {
  const { steps } = await planned(recipe("gates: { kldMean: { max: 0.05, long: 0.1 }, sameTop: { long: 80 } }\n"));
  const params = (id: string) => steps.find((step) => step.id === id)?.params;
  expect(params("validate:Q8_0:long")).toEqual({ limits: [], referenced: false, parts: 1 });
  expect(params("validate:Q8_0")?.limits).toEqual([
    { figure: "kldMean", bound: "max", limit: 0.05 },
    { figure: "kldMean", bound: "max", limit: 0.1, category: "long" },
    { figure: "sameTop", bound: "min", limit: 80, category: "long" },
  ]);
});

test("a long text has at most the model's context", async () => {
  const { steps } = await planned(recipe(), {
    outline: { contextLength: 2048, format: null } as never,
  });
  const contexts = steps.flatMap(({ id, params }) => (/^validate:base:(prose|long)/.test(id) ? [params.context] : []));
  expect(contexts).toEqual([512, 2048, 512]);
});
