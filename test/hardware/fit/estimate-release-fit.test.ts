import { describe, expect, test } from "vitest";
import { findDevice } from "../../../src/hardware/catalog/find-device.js";
import { hardwareCompatibility } from "../../../src/hardware/compatibility.js";
import { chooseContexts, recommendedContext } from "../../../src/hardware/fit/choose-contexts.js";
import { loadSpeedConstants } from "../../../src/hardware/speed/speed-files.js";
import { targetDevices } from "../../../src/plan/target-devices.js";
import { loadCatalog } from "../../../src/recipe/catalog/load-catalog.js";
import type { Variant } from "../../../src/recipe/settings.js";
import { fitGrids } from "../../../src/report/hardware/fit-grid.js";
import { hardwareOf } from "../../fixtures/release-hardware.js";
import { largeReport } from "../../fixtures/release-report.js";

const [catalog, speed] = [await loadCatalog(), await loadSpeedConstants()];

function variantFor(device: string, context: number): Variant {
  const budget = { kind: "device", device: findDevice(catalog, device), context, reserveBytes: 0 } as const;
  return {
    kind: "dynamic",
    name: "Q5_K_M",
    path: ["variants", 0],
    tensors: {},
    rounding: "nearest",
    allowRequantize: false,
    dynamic: { budget },
  };
}

describe("the contexts of a release", () => {
  test.each([
    [131_072, [4096, 8192, 32_768, 131_072]],
    [32_768, [4096, 8192, 32_768]],
    [2048, [2048]],
    [null, [4096, 8192, 32_768]],
  ])("trained on %s", (trained, contexts) => {
    expect(chooseContexts(trained)).toEqual(contexts);
  });

  test.each([
    ["phone", 131_072, 4096],
    ["gpu", 131_072, 8192],
    ["gpu", 2048, 2048],
    ["mac", null, 8192],
  ] as const)("recommendations for a %s and a trained context of %s use %i tokens", (kind, trained, expected) => {
    expect(recommendedContext(kind, trained)).toBe(expected);
    expect(chooseContexts(trained)).toContain(expected);
  });
});

describe("a release on the default devices", () => {
  const hardware = hardwareOf(largeReport);

  test("matches the schema, with a result for every variant, device and context", () => {
    expect(() => hardwareCompatibility.parse(JSON.parse(JSON.stringify(hardware)))).not.toThrow();
    const { results, variants, devices } = hardware;
    expect(results).toHaveLength(variants.length * devices.length * 4);
    expect(new Set(results.map((one) => `${one.variant} ${one.device} ${one.context}`)).size).toBe(results.length);
    for (const { memory } of variants) expect(memory).toHaveLength(2 * 4);
  });

  test("has one to three devices of every class", () => {
    const classes = hardware.devices.map((device) => device.class);
    for (const kind of new Set([...catalog.devices.values()].map((device) => device.class))) {
      const count = classes.filter((one) => one === kind).length;
      expect(count, kind).toBeGreaterThanOrEqual(1);
      expect(count, kind).toBeLessThanOrEqual(3);
    }
  });

  test("lists every source that its figures cite", () => {
    const cited = new Set([...JSON.stringify(hardware).matchAll(/"source":"([a-z0-9-]+)"/g)].map(([, id]) => id));
    const listed = new Set(hardware.sources.map(({ id }) => id));
    expect([...cited].filter((id) => !listed.has(id ?? ""))).toEqual([]);
  });

  test("recommends for every device the best variant that runs at the context", () => {
    for (const { device, variant, context } of hardware.recommended) {
      const fit = hardware.results.find(
        (one) => one.device === device && one.variant === variant && one.context === context,
      );
      expect(fit?.verdict, device).not.toBe("no");
    }
    const laptop = hardware.recommended.find(({ device }) => device === "laptop-ddr4-8gb");
    expect(laptop, "too small for the standard context").toMatchObject({ variant: "IQ2_M", context: 4096 });
    const picks = new Map(hardware.recommended.map(({ device, variant }) => [device, variant]));
    expect([picks.get("rtx-4090"), picks.get("h100-80gb")]).toEqual(["Q8_0", "Q8_0"]);
  });
});

describe("a variant for a device", () => {
  const settings = variantFor("laptop-ddr4-8gb", 2048);
  const hardware = hardwareOf(largeReport, ["pixel-9"], [settings]);

  test("adds its device and context to the results", () => {
    expect(hardware.devices.map(({ id }) => id)).toEqual(["pixel-9", "laptop-ddr4-8gb"]);
    const contexts = (id: string) =>
      new Set(hardware.results.filter(({ device }) => device === id).map(({ context }) => context));
    expect([...contexts("laptop-ddr4-8gb")]).toEqual([2048, 4096, 8192, 32_768, 65_536]);
    expect([...contexts("pixel-9")]).not.toContain(2048);
    expect(hardware.variants[0]?.memory.map(({ context }) => context)).toContain(2048);
  });

  test("has a separate table for that device", () => {
    const [grid, next] = fitGrids(hardware);
    expect(grid?.context).toBe(2048);
    expect(grid?.rows).toHaveLength(1);
    expect(next?.rows).toHaveLength(2);
  });

  test("adds to the default devices, and no context exceeds the trained one", () => {
    const all = targetDevices({ devices: [], variants: [settings], catalog }, { speed });
    expect(all.devices.length).toBeGreaterThan(10);
    expect(all.devices.map(({ id }) => id)).toContain("laptop-ddr4-8gb");
    expect(chooseContexts(2048, [512, 4096])).toEqual([512, 2048]);
  });
});

test("the target devices contain only the backends and sources that they cite", () => {
  const { devices, backends, sources } = targetDevices(
    { devices: ["pixel-9", "rtx-3090", "pixel-9"].map((id) => findDevice(catalog, id)), variants: [], catalog },
    { speed },
  );
  expect(devices.map(({ id }) => id)).toEqual(["pixel-9", "rtx-3090"]);
  expect(backends.map(({ id }) => id)).toContain("cuda");
  expect(backends.map(({ id }) => id)).not.toContain("metal");
  const budget = catalog.devices.get("pixel-9")?.budget.source;
  expect(sources.map(({ id }) => id)).toContain(budget);
  expect(sources.length).toBeLessThan(catalog.sources.size / 2);
});
