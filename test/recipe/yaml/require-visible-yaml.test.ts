import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { loadPipeline } from "../../../src/recipe/load-pipeline.js";
import { loadQueue } from "../../../src/recipe/load-queue.js";
import { loadRecipe } from "../../../src/recipe/load-recipe.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const base = temporaryFolder();
const secret = "machine host login me password s3cr3t\n";
let home: string;
let repo: string;
const recipe = (lines = "") => `version: 1\nmodel: { source: ./x }\nvariants: [Q8_0]\n${lines}`;
const put = (path: string, text: string) => writeFileSync(join(repo, path), text);

beforeEach(() => {
  home = mkdtempSync(join(base, "home-"));
  repo = join(home, "repo");
  mkdirSync(join(home, ".config"));
  mkdirSync(repo);
  writeFileSync(join(home, ".netrc"), secret);
  writeFileSync(join(home, "credentials"), secret);
  writeFileSync(join(home, ".config/hosts.yml"), secret);
  writeFileSync(join(home, "recipe.yaml"), recipe());
});

test.each<[string, () => Promise<unknown>]>([
  ["a recipe", () => loadRecipe(join(repo, "link.yaml"))],
  ["a queue", () => loadQueue(join(repo, "link.yaml"))],
  [
    "a pipeline",
    async () => {
      put("a.yaml", recipe("pipeline: ./link.yaml\n"));
      return loadPipeline(await loadRecipe(join(repo, "a.yaml")));
    },
  ],
  [
    "a device catalog",
    () => {
      put("a.yaml", recipe("catalog: ./link.yaml\n"));
      return loadRecipe(join(repo, "a.yaml"));
    },
  ],
  [
    "a recipe of a queue",
    () => {
      put("queue.yaml", "version: 1\nrecipes: [./link.yaml]\n");
      return loadQueue(join(repo, "queue.yaml"));
    },
  ],
])("%s that is a link to another kind of file, or to a hidden one, is not shown", async (_, load) => {
  for (const target of ["../credentials", "../.netrc", "../.config/hosts.yml"]) {
    const link = join(repo, "link.yaml");
    symlinkSync(target, `${link}.new`);
    renameSync(`${link}.new`, link);
    const error = await failureOf(load());
    expect(error).toMatchObject({ code: "QS-RECIPE-YAML", message: expect.stringContaining("so it is not read") });
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
  }
});

test("nor is a hidden file that a recipe or a queue names", async () => {
  put("a.yaml", recipe("pipeline: ../.config/hosts.yml\n"));
  put("queue.yaml", "version: 1\nrecipes: [../.config/hosts.yml]\n");
  const found = await loadRecipe(join(repo, "a.yaml"));
  expect((await failureOf(loadPipeline(found))).message).toContain("hidden");
  expect((await failureOf(loadQueue(join(repo, "queue.yaml")))).message).toContain("hidden");
});

test("links to recipes, and hidden folders in the user's own path, are followed", async () => {
  symlinkSync("../recipe.yaml", join(repo, "mine.yaml"));
  expect((await loadRecipe(join(repo, "mine.yaml"))).name).toBe("mine");
  mkdirSync(join(repo, "..2026_12"));
  writeFileSync(join(repo, "..2026_12/mounted.yaml"), recipe());
  symlinkSync("..2026_12/mounted.yaml", join(repo, "mounted.yaml"));
  expect((await loadRecipe(join(repo, "mounted.yaml"))).name).toBe("mounted");
  writeFileSync(join(home, ".config/own.yaml"), recipe());
  expect((await loadRecipe(join(home, ".config/own.yaml"))).name).toBe("own");
});
