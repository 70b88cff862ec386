import { describe, expect, test } from "vitest";
import type { DecodeRow } from "../../../src/hardware/speed/decode-rows.js";
import { decodeRows } from "../../../src/hardware/speed/decode-rows.js";
import { deriveConstants } from "../../../src/hardware/speed/derive-constants.js";
import { fitDecode } from "../../../src/hardware/speed/fit-decode.js";
import { heldOut, heldOutOnKnownChips, meanError } from "../../../src/hardware/speed/held-out.js";
import { speedData } from "../../../src/hardware/speed/speed-data.js";
import { loadSpeedConstants, loadSpeedData } from "../../../src/hardware/speed/speed-files.js";
import { typeClass } from "../../../src/hardware/speed/type-class.js";

const data = await loadSpeedData();
const constants = await loadSpeedConstants();
const rows = decodeRows(data);

describe("the published measurements", () => {
  test("every source is cited, and every chip and model has a measurement", () => {
    const used = (key: "source" | "chip" | "model") => [...new Set(data.measurements.map((row) => row[key]))].sort();
    expect(used("source")).toEqual(data.sources.map(({ id }) => id).sort());
    expect(used("chip")).toEqual(Object.keys(data.chips).sort());
    expect(used("model")).toEqual(Object.keys(data.models).sort());
  });

  test("no chip exceeds its bandwidth", () => {
    for (const row of rows) expect(row.idealSeconds, `${row.chip} ${row.backend}`).toBeLessThan(row.seconds);
  });

  test("a row needs an existing source, chip and size, and exactly one speed", () => {
    const [first] = data.measurements;
    const wrong = [{ source: "hearsay" }, { chip: "rtx-9090" }, { type: "Q9_9" }, { gigabytesPerSecond: 5 }];
    for (const change of wrong) {
      const measurements = [{ ...first, ...change }];
      expect(speedData.safeParse({ ...data, measurements }).success, JSON.stringify(change)).toBe(false);
    }
  });
});

describe("the constants", () => {
  const held = heldOut(rows);
  const of = (backend: string) => held.filter((row) => row.backend === backend);

  test("are the output of `npm run derive-speed`", () => {
    expect(deriveConstants(data)).toEqual(constants);
  });

  test("predict held-out chips better than a constant efficiency of 0.55", () => {
    expect(constants.heldOut.rows).toBe(held.length);
    expect(meanError(held, "predicted")).toBeLessThan(0.8 * meanError(held, "usual"));
    for (const backend of ["cuda", "metal", "vulkan", "cpu-arm"]) {
      expect(meanError(of(backend), "predicted"), backend).toBeLessThan(meanError(of(backend), "usual"));
    }
  });

  test("have ranges that contain three quarters of the measurements on held-out chips", () => {
    for (const { backend, spread } of constants.backends) {
      const own = of(backend);
      const inside = own.filter(
        ({ measured, predicted }) => measured >= predicted * spread.low && measured <= predicted * spread.high,
      );
      expect(inside.length / own.length, backend).toBeGreaterThanOrEqual(0.74);
    }
  });

  test("predict a measurement better from other measurements of its chip", () => {
    const known = heldOutOnKnownChips(rows);
    expect(meanError(known, "predicted")).toBeLessThan(0.5 * meanError(known, "usual"));
    expect(meanError(known, "predicted")).toBeLessThan(meanError(held, "predicted"));
  });

  test("have no overhead on CPUs, which launch no kernels", () => {
    const overheads = new Map(constants.backends.map(({ backend, overheadSeconds }) => [backend, overheadSeconds]));
    expect(overheads.get("cpu-arm")).toBe(0);
    expect(overheads.get("cpu-x86")).toBe(0);
    expect(overheads.get("metal")).toBeGreaterThan(0);
    expect(overheads.get("cuda")).toBeGreaterThan(0);
  });
});

describe("fitDecode", () => {
  const made = (noise: (index: number) => number): DecodeRow[] =>
    [1, 2, 4, 8, 12, 20, 32, 40].flatMap((milliseconds, index) =>
      (["block", "k"] as const).map((kind) => {
        const idealSeconds = milliseconds / 1000;
        const layers = 16 + 8 * index;
        const seconds = 5e-5 * layers + idealSeconds / (kind === "block" ? 0.8 : 0.6);
        return {
          chip: `chip-${index}`,
          backend: "cuda" as const,
          class: kind,
          layers,
          activeBytes: 1e9 * milliseconds,
          idealSeconds,
          seconds: seconds * noise(index),
        };
      }),
    );

  test("finds the overhead and the efficiencies of generated measurements", () => {
    const fit = fitDecode(
      made(() => 1),
      1.6,
    );
    // The prior for no overhead weighs one row of 16.
    expect(fit.overheadSeconds / 5e-5).toBeGreaterThan(0.8);
    expect(fit.overheadSeconds / 5e-5).toBeLessThan(1.05);
    expect(fit.byClass.block).toBeCloseTo(0.8, 1);
    expect(fit.byClass.k).toBeCloseTo(0.6, 1);
  });

  test("one outlier, such as a busy machine, changes little", () => {
    const calm = fitDecode(
      made(() => 1),
      1.6,
    );
    const busy = fitDecode(
      made((index) => (index === 5 ? 4 : 1)),
      1.6,
    );
    expect(busy.byClass.k ?? 0).toBeGreaterThan(0.85 * (calm.byClass.k ?? 1));
  });

  test("is independent of the order of rows", () => {
    const fit = fitDecode(
      made(() => 1),
      1.6,
    );
    expect(fitDecode(made(() => 1).reverse(), 1.6).byClass.k).toBeCloseTo(fit.byClass.k ?? 0, 6);
  });
});

test.each([
  ["F16", "float"],
  ["Q8_0", "block"],
  ["Q4_K", "k"],
  ["Q5_K_M", "k"],
  ["Q3_K_S", "low-k"],
  ["Q2_K", "low-k"],
  ["IQ4_XS", "lookup"],
  ["MXFP4", "lookup"],
  ["IQ2_XXS", "grid"],
])("%s is of class %s", (name, kind) => {
  expect(typeClass(name)).toBe(kind);
});
