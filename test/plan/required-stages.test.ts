import { expect, test } from "vitest";
import { put } from "../fixtures/cli.js";
import { failureOf } from "../fixtures/failure.js";
import { planned } from "../fixtures/planned-steps.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const recipe = (stages: string, more: string) => {
  const pipeline = put(`${temporaryFolder()}/own.yaml`, `version: 1\nstages: [${stages}]\n`);
  return `version: 1\npipeline: ${pipeline}\nmodel: { source: ./m, name: M }\nvariants: [Q8_0]\n${more}\n`;
};
const prompts = "smoke: [{ prompt: a, expect: { contains: b } }]";
const tasks = "tasks: [{ name: q, kind: winogrande, file: ./q.csv }]";

test.each([
  ["smoke prompts", "fetch, convert, quantize, package", prompts, "`smoke`"],
  ["tasks", "fetch, convert, quantize, package", tasks, "`validate`"],
])("a release without the stage of the recipe's %s is refused", async (_what, stages, more, stage) => {
  expect(await failureOf(planned(recipe(stages, more)))).toMatchObject({
    ...{ code: "QS-RECIPE-INVALID", message: expect.stringContaining(`the pipeline lacks the stage ${stage}`) },
    ...{ remedy: expect.stringContaining(stage), at: { line: 5 } },
  });
});

test.each([
  ["the default prompts", "fetch, convert, quantize, package", ""],
  ["no release", "fetch, convert, quantize", prompts],
  ["the stage", "fetch, convert, quantize, smoke, package", prompts],
])("with %s it is not required", async (_what, stages, more) => {
  await planned(recipe(stages, more));
});
