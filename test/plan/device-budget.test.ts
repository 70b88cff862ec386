import { mkdtempSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Device } from "../../src/hardware/catalog/device.js";
import { findDevice } from "../../src/hardware/catalog/find-device.js";
import { loadCatalog } from "../../src/recipe/catalog/load-catalog.js";
import { demoRecipe, put } from "../fixtures/cli.js";
import { failureOf } from "../fixtures/failure.js";
import { planned, stepKeys } from "../fixtures/planned-steps.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const pipeline = put(`${home}/groups.yaml`, "version: 1\nprobes: groups\n");
const recipe = (dynamic: string, name = "Q4_K_M") =>
  demoRecipe
    .replace("pipeline: preview", `pipeline: ${pipeline}`)
    .replace("[Q8_0]", `[{ name: ${name}, dynamic: { ${dynamic} } }]`);

const catalog = await loadCatalog();

/** Returns a recipe line for a catalog with one changed device. */
function changed(id: string, change: Partial<Device>): string {
  const device = { ...findDevice(catalog, id), ...change };
  const file = put(`${mkdtempSync(`${home}/catalog-`)}/changed.yaml`, stringify({ version: 1, devices: [device] }));
  return `catalog: ${file}\n`;
}

async function allocate(dynamic: string) {
  const { steps } = await planned(recipe(dynamic));
  const step = steps.find(({ id }) => id === "allocate:Q4_K_M");
  return step?.params as { budget: Record<string, unknown>; types: string[] };
}

describe("a budget by device", () => {
  test("contains only the catalog's facts that decide whether a model fits", async () => {
    const { budget } = await allocate("device: rtx-3060-12gb, context: 8192, reserve: 500 MB");
    expect(budget).toMatchObject({
      kind: "device",
      device: { id: "rtx-3060-12gb", memory: { kind: "discrete", cards: 1 }, backends: ["cuda"] },
      backend: { id: "cuda" },
      context: 8192,
      reserveBytes: 500_000_000,
    });
    expect(budget.device).not.toHaveProperty("bandwidth");
  });

  test("allows types that the first backend computes fast, including those with small blocks", async () => {
    const { types } = await allocate("device: pixel-9");
    expect(types).toEqual(expect.arrayContaining(["Q4_K", "Q6_K", "Q8_0", "Q4_0"]));
    for (const slow of ["Q2_K", "IQ3_S", "IQ4_XS", "F16"]) expect(types).not.toContain(slow);
    expect((await allocate("device: pixel-9, types: [Q3_K, Q4_K, Q6_K]")).types).toEqual(["Q4_K", "Q6_K"]);
  });

  test("is rejected at the recipe's types if the backend computes none of them fast", async () => {
    const error = await failureOf(planned(recipe("device: pixel-9, types: [Q2_K, Q3_K]")));
    expect(error).toMatchObject({ code: "QS-ALLOCATE-TYPES", at: { line: 7 } });
    expect(error.message).toContain('"Q2_K" or "Q3_K"');
  });

  test("changes the key only by facts that affect the fit; a bandwidth changes only the package", async () => {
    const text = `${recipe("device: pixel-9")}devices: [pixel-9]\n`;
    const keys = async (line = "") => stepKeys(await planned(`${text}${line}`));
    const before = await keys();
    const differing = async (change: Partial<Device>) => {
      const after = await keys(changed("pixel-9", change));
      return [...before].filter(([id, key]) => after.get(id) !== key).map(([id]) => id);
    };
    expect(await differing({ bandwidth: null, name: "Another name" })).toEqual(["package"]);
    const { source } = findDevice(catalog, "pixel-9").budget;
    const budget = { value: 10 ** 9, basis: "estimate", source, note: "made up" } as const;
    expect(await differing({ budget })).toContain("allocate:Q4_K_M");
  });
});

test("a variant without a preset's name is labelled by the size that fits the device", async () => {
  const { steps } = await planned(recipe("device: rtx-4090", "UD-Q4_K_XL"), { parameters: 1e9 });
  expect(steps.find(({ id }) => id === "quantize:UD-Q4_K_XL")?.params.preset).toBe("Q8_0");
  const large = await planned(recipe("device: rtx-3060-12gb", "UD-Q4_K_XL"), { parameters: 20e9 });
  expect(large.steps.find(({ id }) => id === "quantize:UD-Q4_K_XL")?.params.preset).toMatch(/^I?Q[34]_/);
});
