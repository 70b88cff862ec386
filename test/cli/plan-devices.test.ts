import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { plan } from "../../src/cli/commands/plan.js";
import { loadSettings, preparePlan } from "../../src/cli/prepare-plan.js";
import { findDevice } from "../../src/hardware/catalog/find-device.js";
import { loadCatalog } from "../../src/recipe/catalog/load-catalog.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { demoCopy, demoRecipe, put } from "../fixtures/cli.js";
import { printed } from "../fixtures/printed.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
afterEach(() => vi.restoreAllMocks());

const recipe = (variants: string, more: string) => demoRecipe.replace("[Q8_0]", variants) + more;
const variants = "[{ name: Q4_K_M, dynamic: { device: my-box } }]";

/** A catalog with one device, a Pixel 9 under another id. */
async function writeCatalog(): Promise<string> {
  const device = { ...findDevice(await loadCatalog(), "pixel-9"), id: "my-box" };
  return put(join(home, "devices.yaml"), stringify({ version: 1, devices: [device] }));
}

test("`plan --json` names devices by their ids, as the recipe does", async () => {
  const catalog = await writeCatalog();
  const path = demoCopy(home, () => recipe(variants, `devices: [pixel-9, my-box]\ncatalog: ${catalog}\n`), "ids");
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await plan(path, { out: join(home, "out"), json: true });
  const { settings } = JSON.parse(printed.mock.calls.map(([text]) => text).join(""));
  expect(settings.devices).toEqual({ value: ["pixel-9", "my-box"], from: "recipe" });
  const budget = { kind: "device", device: "my-box", context: 4096, reserveBytes: 0 };
  expect(settings.variants.value[0].dynamic).toEqual({ budget });
});

test("`plan` prints names of variants and of the pipeline, and no empty column", async () => {
  const path = demoCopy(home, () => recipe("[Q8_0, Q4_K_M]", ""), "table");
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await plan(path, { out: join(home, "out") });
  const text = printed.mock.calls.map(([text]) => text).join("");
  expect(text).toMatch(/^variants +Q8_0, Q4_K_M +recipe$/m);
  expect(text).toMatch(/^search.chunks +8 +pipeline preview$/m);
  expect(text).toMatch(/^Step +Status +Output size +Last duration$/m);
});

test("a recipe with several models has a plan for each", async () => {
  const path = demoCopy(home, () => demoRecipe.replace(/^model:.*$/m, "models: [./tiny-llama, ./other]"), "several");
  cpSync(join(dirname(path), "tiny-llama"), join(dirname(path), "other"), { recursive: true });
  const options = { out: join(home, "out") };
  const { stdout } = await printed(() => plan(path, options));
  expect(stdout.match(/^several-.*:$|^fetch .*new/gm)).toHaveLength(4);
  const { models } = JSON.parse((await printed(() => plan(path, { ...options, json: true }))).stdout);
  expect(models.map(({ name }: { name: string }) => name)).toEqual(["several-tiny-llama", "several-other"]);
  expect(models.map(({ settings }: { settings: object }) => settings)).toMatchObject([
    { "model.name": { value: "tiny-llama" } },
    { "model.name": { value: "other" } },
  ]);
});

test("the catalog is read once, with the recipe", async () => {
  const catalog = await writeCatalog();
  const path = demoCopy(home, () => recipe(variants, `catalog: ${catalog}\n`), "once");
  const settings = await loadSettings(path);
  rmSync(catalog);
  const { report } = await preparePlan(settings, { out: join(home, "out") }, new DigestCache());
  expect(report.params.hardware.devices.map(({ id }) => id)).toContain("my-box");
  expect(report.params.hardware.contexts).toEqual([{ device: "my-box", context: 4096 }]);
});
