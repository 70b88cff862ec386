import { copyFileSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { loadAllSettings } from "../../../src/cli/prepare-plan.js";
import { loadQueued } from "../../../src/cli/read-queue.js";
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

const lines = "version: s3cr3t-in-line\ns3cr3t_name: word\npassword: s3cr3t\n";

/** Puts files of others beside the repository, and returns how to load each file that names or links to one. */
function strangerFiles(): (() => Promise<unknown>)[] {
  mkdirSync(join(repo, ".git"));
  mkdirSync(join(repo, "sub"));
  mkdirSync(join(home, "deploy"));
  symlinkSync("../deploy", join(repo, "linked"));
  const files = { secrets: lines, text: "s3cr3t text only\n", list: "- s3cr3t\n", broken: "s3cr3t: [\ns3cr3t: x\n" };
  return Object.entries(files).flatMap(([name, text]) => {
    writeFileSync(join(home, `deploy/${name}.yaml`), text);
    symlinkSync(`../deploy/${name}.yaml`, join(repo, `${name}.yaml`));
    return [`../${name}.yaml`, `../../deploy/${name}.yaml`, `../linked/${name}.yaml`].flatMap((path, index) => {
      const own = `sub/${name}-${index}`;
      put(`${own}-pipeline.yaml`, recipe(`pipeline: ${path}\n`));
      put(`${own}-catalog.yaml`, recipe(`catalog: ${path}\n`));
      put(`${own}-queue.yaml`, `version: 1\nrecipes: [${path}]\n`);
      return [
        async () => loadPipeline(await loadRecipe(join(repo, `${own}-pipeline.yaml`))),
        () => loadRecipe(join(repo, `${own}-catalog.yaml`)),
        async () => loadQueued(await loadQueue(join(repo, `${own}-queue.yaml`)), loadNamed),
        ...(index === 1 ? [] : [() => loadRecipe(join(repo, "sub", path)), () => loadQueue(join(repo, "sub", path))]),
      ];
    });
  });
}

const loadNamed = (path: string, namedIn: string | undefined) => loadAllSettings(path, undefined, {}, namedIn);

test("errors show place and kind, but no text of a file outside the folder and repository of the one that names it", async () => {
  for (const load of strangerFiles()) {
    const error = await failureOf(load());
    expect(error.code).toMatch(/^QS-(RECIPE-YAML|RECIPE-INVALID|QUEUE-INVALID|PIPELINE-INVALID|CATALOG-INVALID)$/);
    expect(error.at?.line).toBeGreaterThan(0);
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
    expect(error.message).toMatch(/at this place is not valid|is not valid at this place/);
  }
});

test("a file outside is read as any other, and the user's own argument is shown", async () => {
  mkdirSync(join(repo, ".git"));
  mkdirSync(join(home, "shared"));
  writeFileSync(join(home, "shared/fast.yaml"), "extends: s3cr3t\n");
  put("a.yaml", recipe());
  const loaded = await loadRecipe(join(repo, "a.yaml"));
  expect(JSON.stringify(await failureOf(loadPipeline(loaded, join(home, "shared/fast.yaml"))))).toContain("s3cr3t");
  expect(JSON.stringify(await failureOf(loadRecipe(join(home, "shared/fast.yaml"))))).toContain("s3cr3t");
  copyFileSync("pipelines/preview.yaml", join(home, "shared/fast.yaml"));
  put("b.yaml", recipe("pipeline: ../shared/fast.yaml\n"));
  expect((await loadPipeline(await loadRecipe(join(repo, "b.yaml")))).name).toBe("fast");
});
