import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SKUS } from "@huggingface/tasks";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CatalogFile } from "../../../src/hardware/catalog/catalog-file.js";
import { backendId, type Device, type DeviceClass, type Source } from "../../../src/hardware/catalog/device.js";
import { loadCatalog } from "../../../src/recipe/catalog/load-catalog.js";
import { packageRoot } from "../../../src/util/package-root.js";

const catalog = await loadCatalog();
const devices = [...catalog.devices.values()];
const gibibyte = 2 ** 30;

const folder = fileURLToPath(new URL("devices", packageRoot));
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .map((name): CatalogFile => parse(readFileSync(join(folder, name), "utf8")));

interface Citation {
  where: string;
  basis?: string;
  source: string;
  note?: string;
}

/** Every mapping with a source, at any depth. */
function citations(value: unknown, where: string): Citation[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "source" in value ? [{ ...(value as Omit<Citation, "where">), where }] : [];
  return [...own, ...Object.entries(value).flatMap(([key, child]) => citations(child, `${where}.${key}`))];
}

const cited = [...devices, ...catalog.backends.values()].flatMap((entry) => citations(entry, entry.id));
const figures = cited.filter(({ basis }) => basis !== undefined);
const kindOf = (source: string): Source["kind"] => catalog.sources.get(source)?.kind;

const device = (id: string): Device => {
  const found = catalog.devices.get(id);
  if (found === undefined) throw new Error(`the catalog lacks ${id}`);
  return found;
};
const bandwidth = (id: string): number => device(id).bandwidth?.value ?? Number.NaN;

describe("sources", () => {
  test("every figure and backend cites an existing source", () => {
    expect(figures.length).toBeGreaterThan(300);
    expect(cited.filter(({ source }) => !catalog.sources.has(source))).toEqual([]);
  });

  test("the basis of every figure matches the kind of its source", () => {
    const proof: Record<string, string> = {
      measured: "measurement",
      specification: "specification",
      "os-rule": "os-rule",
    };
    const wrong = figures.filter(({ basis = "", source }) => basis in proof && kindOf(source) !== proof[basis]);
    expect(wrong).toEqual([]);
  });

  test("every estimate has a note with its derivation", () => {
    expect(figures.filter(({ basis, note = "" }) => basis === "estimate" && note.length < 10)).toEqual([]);
  });

  test("every measurement and specification has a URL", () => {
    const hidden = [...catalog.sources.values()].filter(({ url, kind }) => url === null && kind !== "discussion");
    expect(hidden).toEqual([]);
  });

  test("every source is cited", () => {
    const used = new Set(cited.map(({ source }) => source));
    expect([...catalog.sources.keys()].filter((id) => !used.has(id))).toEqual([]);
  });
});

describe("devices", () => {
  test.each<[DeviceClass, string[]]>([
    ["phone", ["iphone-13-pro", "iphone-15", "iphone-15-pro", "iphone-16-pro", "iphone-17-pro", "galaxy-s23"]],
    ["phone", ["galaxy-s24-ultra", "galaxy-s25", "galaxy-s25-ultra", "pixel-8-pro", "pixel-9", "galaxy-a54-6gb"]],
    ["mac", ["m1-8gb", "m2-pro-32gb", "m3-max-128gb", "m3-ultra-512gb", "m4-pro-24gb", "m4-max-128gb"]],
    ["gpu", ["rtx-3060-12gb", "rtx-3090", "rtx-4060", "rtx-4090", "rtx-5060-8gb", "rtx-5060-ti-16gb"]],
    ["gpu", ["rtx-5070-ti", "rtx-5080", "rtx-5090", "rx-7900-xtx", "arc-b580"]],
    ["multi-gpu", ["2x-rtx-3060-12gb", "2x-rtx-3090", "2x-rtx-4090"]],
    ["datacenter", ["h100-80gb", "h200-141gb"]],
    ["cpu", ["laptop-ddr4-16gb", "laptop-ddr5-32gb"]],
  ])("%s: required devices", (kind, ids) => {
    expect(ids.map((id) => device(id).class)).toEqual(ids.map(() => kind));
  });

  test("ids are unique across files", () => {
    for (const part of ["sources", "backends", "devices"] as const) {
      const ids = files.flatMap((file) => (file[part] ?? []).map(({ id }: { id: string }) => id));
      expect(ids, part).toEqual([...new Set(ids)]);
    }
  });

  test("the budget is part of the memory, never all of it", () => {
    for (const { id, memory, budget } of devices) {
      expect(budget.value / memory.bytes.value, id).toBeLessThan(0.98);
      expect(budget.value / memory.bytes.value, id).toBeGreaterThan(0.2);
    }
  });

  test("GPUs: the budget is the memory minus 2 GiB, alone or in pairs", () => {
    for (const { id, class: kind, memory, budget } of devices) {
      if (kind === "gpu" || kind === "multi-gpu") expect(memory.bytes.value - budget.value, id).toBe(2 * gibibyte);
    }
  });

  test("a pair consists of two of the single GPU", () => {
    const pairs = devices.filter(({ class: kind }) => kind === "multi-gpu");
    expect(pairs.length).toBeGreaterThan(2);
    for (const pair of pairs) {
      const { memory, ...card } = device(pair.id.replace("2x-", ""));
      const same = { id: pair.id, name: `2 × ${card.name}`, class: "multi-gpu" };
      expect(pair).toEqual({ ...card, ...same, memory: { ...memory, cards: 2 } });
    }
  });

  test("Macs: two thirds of the memory up to 32 GB, three quarters from 36 GB", () => {
    for (const { id, class: kind, memory, budget } of devices) {
      if (kind !== "mac") continue;
      const share = memory.bytes.value > 32 * gibibyte ? 3 / 4 : 2 / 3;
      expect(budget.value / memory.bytes.value, id).toBeCloseTo(share, 3);
    }
  });
});

describe("desktop hardware matches @huggingface/tasks", () => {
  interface Sku {
    memory?: number[];
    power: number;
    releaseYear: number;
  }
  const skus = new Map<string, Sku>(
    [...Object.values(SKUS.GPU), ...Object.values(SKUS["Apple Silicon"])].flatMap((list) => Object.entries(list)),
  );
  const known = devices.filter(({ class: kind }) => ["mac", "gpu", "multi-gpu", "datacenter"].includes(kind));

  test.each(known.map((entry) => [entry.id, entry] as const))("%s", (_, { chip, name, memory, year, power }) => {
    const sku = skus.get(chip);
    expect(sku, `${chip} is listed there`).toBeDefined();
    expect(sku?.memory).toContain(memory.bytes.value / gibibyte);
    expect(year).toBe(sku?.releaseYear);
    expect(power?.value).toBe(sku?.power);
    expect(name.toLowerCase()).toContain(chip.replace("Apple ", "").toLowerCase());
  });
});

describe("bandwidth rises", () => {
  test.each([
    ["GeForce 30", ["rtx-3060-12gb", "rtx-3090"]],
    ["GeForce 40", ["rtx-4060", "rtx-4060-ti-16gb", "rtx-4070", "rtx-4090"]],
    ["GeForce 50", ["rtx-5060-8gb", "rtx-5070", "rtx-5070-ti", "rtx-5080", "rtx-5090"]],
    ["GeForce 90", ["rtx-3090", "rtx-4090", "rtx-5090"]],
    ["Radeon 7000", ["rx-7600-xt", "rx-7800-xt", "rx-7900-xt", "rx-7900-xtx"]],
    ["Arc A", ["arc-a380", "arc-a750", "arc-a770-16gb"]],
    ["data center", ["l40s-48gb", "a100-80gb", "h100-80gb", "h200-141gb"]],
    ["M1", ["m1-8gb", "m1-pro-16gb", "m1-max-32gb", "m1-ultra-64gb"]],
    ["M2", ["m2-8gb", "m2-pro-16gb", "m2-max-32gb", "m2-ultra-64gb"]],
    ["M3", ["m3-8gb", "m3-pro-18gb", "m3-max-36gb", "m3-max-48gb", "m3-ultra-96gb"]],
    ["M4", ["m1-8gb", "m2-8gb", "m4-16gb", "m4-pro-24gb", "m4-max-36gb", "m4-max-48gb"]],
    ["iPhone", ["iphone-13-pro", "iphone-15-pro", "iphone-16-pro", "iphone-17-pro"]],
    ["Snapdragon 8", ["galaxy-s23", "galaxy-s24-ultra", "galaxy-s25"]],
    ["laptops", ["laptop-ddr4-16gb", "laptop-ddr5-16gb"]],
  ])("%s", (_, ids) => {
    const rates = ids.map(bandwidth);
    expect(rates).toEqual([...new Set(rates)].sort((a, b) => a - b));
  });

  test("it is the same for all memory sizes of a chip with a single bandwidth", () => {
    for (const entry of devices) {
      if (entry.class !== "mac" || entry.bandwidth?.note !== undefined) continue;
      const siblings = devices.filter(({ chip }) => chip === entry.chip);
      expect(
        siblings.map(({ bandwidth: other }) => other?.value),
        entry.id,
      ).toEqual(siblings.map(() => entry.bandwidth?.value));
    }
  });
});

describe("backends", () => {
  test("the catalog contains exactly the known backends", () => {
    expect([...catalog.backends.keys()].sort()).toEqual([...backendId.options].sort());
  });

  test.each([...catalog.backends.values()].map((entry) => [entry.id, entry] as const))(
    "%s: a type is in one list at most",
    (_, { fast, slow, unsupported }) => {
      const types = [...fast, ...slow, ...unsupported];
      expect(types).toEqual([...new Set(types)]);
      expect(fast).toContain("Q4_K");
      expect(fast).toContain("Q4_0");
    },
  );
});

describe("under load", () => {
  test("retention is a measured share", () => {
    const figures = devices.flatMap(({ sustained }) => sustained.retention ?? []);
    expect(figures.length).toBeGreaterThan(1);
    for (const { low, high, basis } of figures) {
      expect(basis).toBe("measured");
      expect(0 < low && high < 1).toBe(true);
    }
  });

  test("energy and battery name the model, and are consistent with a battery of 40 to 80 kJ", () => {
    const figures = devices.filter(({ sustained }) => sustained.energyPerToken !== null);
    expect(figures.length).toBeGreaterThan(1);
    for (const { sustained } of figures) {
      const { energyPerToken: joules, batteryPer1kTokens: percent } = sustained;
      for (const figure of [joules, percent]) expect(figure?.note).toMatch(/\d(\.\d)?B\b/);
      const battery = ((joules?.low ?? 0) * 1000 * 100) / (percent?.low ?? Number.POSITIVE_INFINITY);
      expect(battery).toBeGreaterThan(40_000);
      expect(battery).toBeLessThan(80_000);
    }
  });
});
