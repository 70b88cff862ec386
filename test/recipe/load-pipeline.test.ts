import { mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadPipeline } from "../../src/recipe/load-pipeline.js";
import { loadRecipe } from "../../src/recipe/load-recipe.js";
import { packageRoot } from "../../src/util/package-root.js";
import { failure, placeOf, problems, temporaryFolder, writeMarked } from "./bad-file.js";

const folder = temporaryFolder();
const bundled = readdirSync(new URL("pipelines", packageRoot)).filter((name) => name.endsWith(".yaml"));

mkdirSync(join(folder, "folder.yaml"));

async function recipeNaming(pipeline?: string) {
  const line = pipeline === undefined ? "" : `\npipeline: ▸${pipeline}`;
  const { path, places } = writeMarked(
    folder,
    "recipe.yaml",
    `version: 1\nmodel: { source: ./x }\nvariants: [Q8_0]${line}\n`,
  );
  return { loaded: await loadRecipe(path), place: places[0] };
}

test("the bundled pipelines are valid and found by name", async () => {
  expect(bundled.sort()).toEqual(["demo.yaml", "preview.yaml", "release.yaml", "thorough.yaml"]);
  for (const file of bundled) {
    const { loaded } = await recipeNaming(file.replace(".yaml", ""));
    const found = await loadPipeline(loaded);
    expect(found.file).toBe(fileURLToPath(new URL(`pipelines/${file}`, packageRoot)));
    expect(found.pipeline.description).toBeDefined();
  }
});

test("release is the default, and the command line takes precedence", async () => {
  const { loaded } = await recipeNaming();
  expect((await loadPipeline(loaded)).name).toBe("release");
  expect((await loadPipeline(loaded, "preview")).name).toBe("preview");
});

test("a path is relative to the recipe, one from the command line to the working folder", async () => {
  const { path } = writeMarked(folder, "own.yml", "version: 1\nevaluation: { chunks: 3 }\n");
  for (const given of ["./own.yml", "own.yml", path]) {
    const { loaded } = await recipeNaming(given);
    expect(await loadPipeline(loaded)).toMatchObject({
      file: path,
      name: "own",
      pipeline: { evaluation: { chunks: 3 } },
    });
  }
  const { loaded } = await recipeNaming();
  expect((await loadPipeline(loaded, relative(process.cwd(), path))).file).toBe(path);
});

describe("missing", () => {
  test.each([
    [
      "releese",
      /^unknown pipeline "releese"$/,
      /Did you mean `release`\? Use "demo", "preview", "release" or "thorough"/,
    ],
    ["banana", /unknown pipeline "banana"/, /^Use "demo"/],
    ["./banana.yaml", /cannot read .*banana.yaml: no such file/, /Use "demo"/],
    ["./folder.yaml", /it is a folder/, /Use "demo"/],
  ])("%s", async (name, message, remedy) => {
    const { loaded, place } = await recipeNaming(name);
    const error = await failure(loadPipeline(loaded));
    expect(error).toMatchObject({ code: "QS-PIPELINE-MISSING", exitCode: 2, at: { file: loaded.file } });
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
    expect(`${error.at?.line}:${error.at?.column}`).toBe(place);
  });

  test("from the command line, the error has no place in the recipe", async () => {
    const { loaded } = await recipeNaming();
    const error = await failure(loadPipeline(loaded, "banana"));
    expect(error.code).toBe("QS-PIPELINE-MISSING");
    expect(error.at).toBeUndefined();
  });
});

describe("broken", () => {
  const cases: [name: string, text: string, code: string, message: RegExp][] = [
    ["unknown key", "version: 1\n▸probs: none\n", "QS-PIPELINE-INVALID", /unknown key "probs"/],
    [
      "unknown stage",
      "version: 1\nstages: [fetch, ▸quantise]\n",
      "QS-PIPELINE-INVALID",
      /cannot be the text "quantise"/,
    ],
    [
      "stages out of order",
      "version: 1\nstages: [convert, ▸fetch]\n",
      "QS-PIPELINE-INVALID",
      /`fetch` cannot come after `convert`/,
    ],
    ["stage twice", "version: 1\nstages: [fetch, ▸fetch]\n", "QS-PIPELINE-INVALID", /`fetch` appears twice/],
    ["no variants to package", "version: 1\nstages: [▸package, publish]\n", "QS-PIPELINE-INVALID", /needs `quantize`/],
    ["no variants to measure", "version: 1\nstages: [convert, ▸validate]\n", "QS-PIPELINE-INVALID", /`validate` needs/],
    ["recipe given as pipeline", "version: 1\n▸variants: [Q8_0]\n", "QS-PIPELINE-INVALID", /unknown key "variants"/],
    ["no downloads", "version: 1\nconcurrency: { downloads: ▸0 }\n", "QS-PIPELINE-INVALID", /at least 1/],
    [
      "gate that names a variant",
      "version: 1\ngates: { kldMean: { max: ▸{ of: Q8_0, ratio: 1 } } }\n",
      "QS-PIPELINE-INVALID",
      /number/,
    ],
    ["gate upside down", "version: 1\ngates: { kldMean: { ▸min: 2, max: 1 } }\n", "QS-PIPELINE-INVALID", /above/],
    [
      "gate without measurements",
      "version: 1\nstages: [quantize, smoke, package]\ngates: { ▸kldMean: { max: 1 } }\n",
      "QS-PIPELINE-INVALID",
      /`kldMean` needs the stage `validate`/,
    ],
    ["not YAML", "version: 1\na: [\n▸", "QS-RECIPE-YAML", /not valid YAML/],
    ["empty", "# nothing\n", "QS-PIPELINE-INVALID", /only comments/],
  ];
  test.each(cases)("%s", async (_, text, code, message) => {
    const { path, places } = writeMarked(folder, "broken.yaml", text);
    const { loaded } = await recipeNaming("./broken.yaml");
    const [found] = await problems(loadPipeline(loaded));
    expect(found).toMatchObject({ code });
    expect(join(process.cwd(), relative(process.cwd(), found?.at.file ?? ""))).toBe(path);
    expect(found?.message).toMatch(message);
    if (found !== undefined && places.length > 0) expect([placeOf(found)]).toEqual(places);
  });
});
