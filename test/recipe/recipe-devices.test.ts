import { expect, test } from "vitest";
import { loadPipeline } from "../../src/recipe/load-pipeline.js";
import { loadRecipe } from "../../src/recipe/load-recipe.js";
import { resolveSettings } from "../../src/recipe/settings.js";
import { failure, placeOf, problems, temporaryFolder, writeMarked } from "./bad-file.js";

const folder = temporaryFolder();

const recipe = (lines: string) =>
  `version: 1\nmodel: { source: hf:a/b }\n${lines.includes("variants:") ? "" : "variants: [Q8_0]\n"}${lines}\n`;

const ownCatalog = `version: 1
sources: [{ id: me, title: I ran it, url: null, kind: measurement }]
devices:
  - id: my-box
    name: My box
    class: cpu
    chip: some chip
    year: 2026
    memory: { kind: unified, cards: 1, bytes: { value: 16 GiB, basis: measured, source: me } }
    budget: { value: 9 GiB, basis: measured, source: me }
    bandwidth: null
    backends: [cpu-x86]
    power: null
`;

test.each([
  ["in devices", "devices: [pixel-9, ▸rtx-3091]", "rtx-3091", "rtx-3090"],
  [
    "in a budget",
    "variants:\n  - { name: Q4_K_M, dynamic: { device: ▸iphone-15pro } }",
    "iphone-15pro",
    "iphone-15-pro",
  ],
])("an unknown device %s is reported at its place", async (_, lines, typed, meant) => {
  const { path, places } = writeMarked(folder, "unknown.yaml", recipe(lines));
  const found = await problems(loadRecipe(path));
  expect(found.map(placeOf)).toEqual(places);
  expect(found[0]).toMatchObject({ code: "QS-RECIPE-INVALID", message: `the catalog has no device "${typed}"` });
  expect(found[0]?.remedy).toContain(`Did you mean \`${meant}\`?`);
});

test("an unknown device is reported along with the recipe's other problems", async () => {
  const { path, places } = writeMarked(folder, "faults.yaml", recipe("devices: [▸toaster, ▸Pixel 9]\n▸gatez: {}"));
  expect((await problems(loadRecipe(path))).map(placeOf)).toEqual(places);
});

test("a recipe may use devices of its catalog, whose path is relative to the recipe", async () => {
  writeMarked(folder, "mine.yaml", ownCatalog);
  const variants = "variants: [{ name: Q4_K_M, dynamic: { device: my-box } }]";
  const lines = `devices: [my-box, pixel-9]\ncatalog: ./mine.yaml\n${variants}`;
  const { path } = writeMarked(folder, "own.yaml", recipe(lines));
  const loaded = await loadRecipe(path);
  const settings = resolveSettings(loaded, await loadPipeline(loaded));
  const myBox = { id: "my-box", name: "My box", budget: { value: 9 * 2 ** 30 } };
  expect(settings.devices).toMatchObject([myBox, { id: "pixel-9", class: "phone" }]);
  expect(settings.variants).toMatchObject([{ dynamic: { budget: { kind: "device", device: myBox } } }]);
  expect(settings.catalog.devices.get("my-box")).toBe(settings.devices[0]);
  expect(settings.catalog.sources.get("me")?.title).toBe("I ran it");
});

test("a device of the recipe's catalog replaces the built-in one with the same id", async () => {
  writeMarked(folder, "other.yaml", ownCatalog.replace("id: my-box", "id: pixel-9"));
  const { path } = writeMarked(folder, "replaces.yaml", recipe("devices: [pixel-9]\ncatalog: ./other.yaml"));
  const loaded = await loadRecipe(path);
  const settings = resolveSettings(loaded, await loadPipeline(loaded));
  expect(settings.devices.map(({ name }) => name)).toEqual(["My box"]);
});

test("a missing catalog is reported at the recipe's line", async () => {
  const { path, places } = writeMarked(folder, "missing.yaml", recipe("catalog: ▸./none.yaml"));
  const error = await failure(loadRecipe(path));
  expect(error).toMatchObject({ code: "QS-CATALOG-MISSING", at: { file: path } });
  expect(placeOf({ at: error.at ?? { file: "" } })).toBe(places[0]);
});

test("problems of a catalog are reported at its own lines", async () => {
  const broken = writeMarked(folder, "broken.yaml", ownCatalog.replace("9 GiB", "▸90 GiB"));
  const { path } = writeMarked(folder, "breaks.yaml", recipe("catalog: ./broken.yaml"));
  const found = await problems(loadRecipe(path));
  expect(found.map(placeOf)).toEqual(broken.places);
  expect(found[0]).toMatchObject({ code: "QS-CATALOG-INVALID", at: { file: broken.path } });
});

test.each(['catalog: ▸" "', "catalog: ▸../.netrc", "pipeline: ▸/etc/passwd"])(
  "a catalog or pipeline that is not the path of a YAML file: %s",
  async (line) => {
    const { path, places } = writeMarked(folder, "path.yaml", recipe(line));
    expect((await problems(loadRecipe(path))).map(placeOf)).toEqual(places);
  },
);
