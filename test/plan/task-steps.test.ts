import { expect, test } from "vitest";
import type { PlanFacts } from "../../src/plan/facts.js";
import { dependencies } from "../../src/plan/plan.js";
import { demoRecipe } from "../fixtures/cli.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = `${demoRecipe.replace("[Q8_0]", "[{ name: Q4_K_M, dynamic: { sizeOf: Q4_K_M } }]")}tasks:
  - { name: local, kind: winogrande, file: /questions.csv, questions: 50, maxDrop: 2 }
  - { name: remote, kind: multiple-choice, file: "hf:org/set@main/arc.bin" }
`;
const file = {
  ...{ dataset: "org/set", commit: "c".repeat(40), path: "arc.bin", bytes: 9, digest: `sha256:${"d".repeat(64)}` },
  ...{ member: null, sha256: null },
};
const withFiles = (facts: PlanFacts): PlanFacts => ({
  ...facts,
  texts: new Map([...facts.texts, ["/questions.csv", "digest"]]),
  hubTexts: new Map([["org/set@main/arc.bin", file]]),
});

test("the base and every variant of the recipe answer each task, comparators do not", async () => {
  const { steps, report } = await planned(recipe, {}, withFiles);
  const asked = steps.filter(({ operation }) => operation === "answer-task");
  expect(asked.map(({ id, params }) => [id, params.questions])).toEqual([
    ["validate:base:task:local", 50],
    ["validate:base:task:remote", 400],
    ["validate:Q4_K_M:task:local", 50],
    ["validate:Q4_K_M:task:remote", 400],
  ]);
  const last = asked.at(-1);
  expect(last && dependencies(last).map(({ id }) => id)).toEqual([
    "quantize:Q4_K_M",
    "validate:Q4_K_M:structure",
    "fetch:tasks",
  ]);
  expect(report.params.tasks).toEqual([{ name: "local", maxDrop: 2 }, { name: "remote" }]);
  expect(report.params.lock.tasks).toMatchObject([
    { name: "local", maxDrop: 2, questions: 50, file: { name: "questions.csv", sha256: "digest" } },
    { name: "remote", hub: file },
  ]);
  expect(report.params.textFiles.filter(({ use }) => use === "task")).toMatchObject([
    { name: "questions.csv", digest: { sha256: "digest" } },
    { dataset: "org/set", digest: { sha256: "d".repeat(64) } },
  ]);
});
