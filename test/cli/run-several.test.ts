import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../src/cli/commands/run.js";
import { watch } from "../../src/cli/commands/watch.js";
import { loadAllSettings } from "../../src/cli/prepare-plan.js";
import { demoCopy, demoRecipe, put } from "../fixtures/cli.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const out = join(home, "out");
const good = demoCopy(home, () => demoRecipe, "good");
const write = (name: string, change: (recipe: string) => string) => put(join(home, name), change(demoRecipe));
const bad = write("bad.yaml", (recipe) => recipe.replace("Q8_0", "Q9_9"));
const matrix = write(
  "matrix.yaml",
  (recipe) =>
    `${recipe.replace("model: { source: ./tiny-llama }", "models: [./a, ./b]")}publish: { repo: "dir:./all" }\n`,
);
mkdirSync(join(home, "real"));
symlinkSync("real", join(home, "link"));
const linked = (name: string) =>
  write(`to-${name}.yaml`, (recipe) => `${recipe}publish: { repo: "dir:./${name}/m" }\n`);
const limited = put(join(home, "queue.yaml"), "version: 1\nmaxDisk: 1 GB\nrecipes: [./good.yaml]\n");
const wrong = put(join(home, "wrong.yaml"), "version: 1\nmaxDisk: much\nrecipes: [./good.yaml]\n");

test("a missing recipe is reported at its place in the queue file", async () => {
  const queue = put(join(home, "gone.yaml"), "version: 1\nrecipes:\n  - ./good.yaml\n  - ./gone-recipe.yaml\n");
  const failure = await failureOf(run([], { out, executor: "local", queue }));
  expect([failure.code, failure.at]).toEqual(["QS-RECIPE-MISSING", { file: queue, line: 4, column: 5 }]);
  expect(failure.message).toContain("gone-recipe.yaml");
});

test.each([
  ["a later recipe is invalid", [good, bad], {}, "QS-RECIPE-INVALID"],
  ["two models have the same release", [good, good], {}, "QS-QUEUE-CLASH"],
  ["two models have the same target", [matrix], { publish: true }, "QS-QUEUE-CLASH"],
  ["two models have one target through a link", [linked("real"), linked("link")], { publish: true }, "QS-QUEUE-CLASH"],
  ["a later recipe has no target", [good, good], { publish: true }, "QS-PUBLISH-TARGET"],
  ["a disk limit has nothing to remove", [], { queue: limited }, "QS-USAGE"],
  ["recipes are given twice", [good], { queue: limited }, "QS-USAGE"],
  ["no recipe is given", [], {}, "QS-USAGE"],
  ["the queue file is invalid", [], { queue: wrong }, "QS-QUEUE-INVALID"],
  ["a queue file is given as a recipe", [limited], {}, "QS-RECIPE-INVALID"],
  ["the queue file is missing", [], { queue: join(home, "none.yaml") }, "QS-QUEUE-MISSING"],
])("nothing runs if %s", async (_, recipes, options, code) => {
  expect((await failureOf(run(recipes, { out, executor: "local", ...options }))).code).toBe(code);
  expect(existsSync(out)).toBe(false);
});

test("two models of a recipe with one name are an error also of plan and check", async () => {
  const twice = write("twice.yaml", (recipe) =>
    recipe.replace("model: { source: ./tiny-llama }", "models: [./tiny-llama, ./tiny-llama/]"),
  );
  expect((await failureOf(loadAllSettings(twice))).code).toBe("QS-QUEUE-CLASH");
});

test.each([
  ["recipes and a queue", [good], limited],
  ["neither", [], undefined],
])("watch does not take %s", async (_, recipes, queue) => {
  const options = queue === undefined ? { out } : { out, queue };
  expect((await failureOf(watch(recipes, options))).code).toBe("QS-USAGE");
});
