import { describe, expect, test } from "vitest";
import type { SpeedRange } from "../../../src/hardware/compatibility.js";
import { prefillSpeed } from "../../../src/hardware/speed/prefill-speed.js";
import { decodeSpeed, type SpeedRequest } from "../../../src/hardware/speed/speed.js";
import { loadSpeedConstants } from "../../../src/hardware/speed/speed-files.js";
import { device, figure, footprint, laptop } from "./speed-fixtures.js";

const constants = await loadSpeedConstants();
const GB = 1e9;

function estimate(given: Partial<SpeedRequest> = {}): SpeedRange | null {
  const request = { footprint: footprint("Q4_0", 4 * GB), kvReadBytes: 0, device: device(), backend: "cuda" } as const;
  return decodeSpeed({ ...request, constants, ...given });
}

function required(range: SpeedRange | null): SpeedRange {
  if (range === null) throw new Error("no speed");
  return range;
}

describe("decodeSpeed", () => {
  test("is a range below the bandwidth, with basis and source of the estimate", () => {
    const range = required(estimate());
    expect(range.low).toBeLessThan(range.high);
    expect(range.low).toBeGreaterThan(0.3 * (936 / 4));
    expect(range.high).toBeLessThan(936 / 4);
    expect(range.basis).toBe("estimate");
    expect(range.source).toMatch(/^fit to \d+ published measurements on \d+ chips \(cuda\), \d+ of them on RTX 3090$/);
  });

  test("decreases with weights and with KV cache, and increases with bandwidth", () => {
    const sizes = [1, 2, 4, 8, 16].map((size) => required(estimate({ footprint: footprint("Q4_0", size * GB) })));
    const depths = [0, 0.1, 1, 5].map((size) => required(estimate({ kvReadBytes: size * GB })));
    const speeds = [2000, 936, 500, 100].map((rate) =>
      required(estimate({ device: device({ bandwidth: figure(rate * GB) }) })),
    );
    for (const series of [sizes, depths, speeds]) {
      for (let place = 1; place < series.length; place++) {
        expect(series[place]?.low).toBeLessThan(series[place - 1]?.low ?? 0);
        expect(series[place]?.high).toBeLessThan(series[place - 1]?.high ?? 0);
      }
    }
  });

  test("has a narrower range for a measured chip", () => {
    const other = required(estimate({ device: device({ chip: "RTX 3090 Ti" }) }));
    const measured = required(estimate());
    expect(measured.high / measured.low).toBeLessThan(other.high / other.low);
    expect(other.source).toMatch(/none of them on this chip$/);
    const card = device({ chip: "RTX 4070 Ti" });
    const like = required(estimate({ device: card, footprint: footprint("Q4_K", 4 * GB) }));
    const unlike = required(estimate({ device: card, footprint: footprint("Q4_0", 4 * GB) }));
    expect(like.high / like.low).toBeLessThan(unlike.high / unlike.low);
  });

  test("never exceeds the memory bandwidth", () => {
    for (const { backend, chips } of constants.backends) {
      for (const chip of ["no such chip", ...chips.map(({ name }) => name)]) {
        const phone = device({ ...laptop, chip, backends: [backend], bandwidth: figure(50 * GB) });
        const { low, high } = required(estimate({ device: phone, backend }));
        expect(high, `${chip} ${backend}`).toBeLessThanOrEqual(50 / 4);
        expect(low, `${chip} ${backend}`).toBeLessThan(high);
      }
    }
  });

  test("counts active experts only", () => {
    const all = footprint("Q4_0", 16 * GB);
    const moe = { ...all, experts: { count: 8, used: 1 }, activeBytes: 3 * GB };
    expect(required(estimate({ footprint: moe })).low).toBeGreaterThan(3 * required(estimate({ footprint: all })).low);
  });

  test("is null for models far smaller than any measured one", () => {
    expect(estimate({ footprint: footprint("Q4_0", constants.smallestBytes / 2) })).not.toBeNull();
    expect(estimate({ footprint: footprint("Q4_0", constants.smallestBytes / 10) })).toBeNull();
  });

  test("is null without bandwidth, without measurements of the backend, and for the CPU besides a GPU", () => {
    expect(estimate({ device: device({ bandwidth: null }) })).toBeNull();
    expect(estimate({ constants: { ...constants, backends: [] } })).toBeNull();
    expect(estimate({ device: device({ backends: ["cuda", "cpu-x86"] }), backend: "cpu-x86" })).toBeNull();
    expect(estimate({ device: laptop, backend: "cpu-x86" })).not.toBeNull();
  });

  test("slow types are slower per byte, and unmeasured types widen the range downwards", () => {
    const phone = device({ ...laptop, bandwidth: figure(67.2 * GB), backends: ["cpu-arm"] });
    const on = (type: string) =>
      required(estimate({ footprint: footprint(type, 2 * GB), device: phone, backend: "cpu-arm" }));
    expect(on("Q2_K").high).toBeLessThan(0.8 * on("Q4_0").high);
    expect(on("IQ1_S").high).toBeLessThan(on("Q2_K").high);
    const x86 = (type: string) =>
      required(estimate({ footprint: footprint(type, 2 * GB), device: laptop, backend: "cpu-x86" }));
    expect(x86("IQ2_XS").high / x86("IQ2_XS").low).toBeGreaterThan(1.4 * (x86("Q4_K").high / x86("Q4_K").low));
    expect(x86("IQ2_XS").source).toMatch(/none with types like this file's \(grid\)/);
    const mostly = { ...footprint("Q4_K", 2 * GB), types: { Q4_K: 1.99 * GB, F32: 0.01 * GB } };
    expect(required(estimate({ footprint: mostly, device: laptop, backend: "cpu-x86" })).source).not.toMatch(/types/);
  });
});

describe("partial offload", () => {
  const half = { offloaded: 17, total: 33, expertsOnCpu: 0 };
  const host = { backend: "cpu-x86", bandwidth: figure(50 * GB) } as const;

  test("is null without the CPU's bandwidth, and between GPU and CPU with it", () => {
    expect(estimate({ layers: half })).toBeNull();
    const partial = required(estimate({ layers: half, host }));
    expect(partial.high).toBeLessThan(required(estimate()).low);
    expect(partial.low).toBeGreaterThan(required(estimate({ device: laptop, backend: "cpu-x86" })).low);
    expect(partial.source).toMatch(/\(cuda\), .*; fit .*\(cpu-x86\), none of them on this chip/);
  });

  test("full offload needs no CPU", () => {
    expect(estimate({ layers: { offloaded: 33, total: 33, expertsOnCpu: 0 } })).toEqual(estimate());
  });

  test("a device with unified memory uses its own CPU", () => {
    const mac = device({ ...laptop, backends: ["metal", "cpu-arm"], bandwidth: figure(100 * GB) });
    expect(estimate({ device: mac, backend: "metal", layers: half })).not.toBeNull();
  });

  test("only active experts on the CPU count", () => {
    const dense = footprint("Q4_0", 4 * GB);
    const expertBytes = dense.layerBytes.map((bytes) => bytes * 7.5);
    const layerBytes = dense.layerBytes.map((bytes) => bytes * 8);
    const active =
      dense.outputBytes + layerBytes.reduce((sum, all, block) => sum + all - (7 / 8) * (expertBytes[block] ?? 0), 0);
    const moe = { ...dense, layerBytes, expertBytes, experts: { count: 8, used: 1 }, activeBytes: active };
    const some = required(estimate({ footprint: moe, host, layers: { offloaded: 33, total: 33, expertsOnCpu: 8 } }));
    const all = required(estimate({ footprint: moe, host, layers: { offloaded: 33, total: 33, expertsOnCpu: 32 } }));
    const none = required(estimate({ footprint: moe, host, layers: { offloaded: 0, total: 33, expertsOnCpu: 0 } }));
    expect(required(estimate({ footprint: moe })).low).toBeGreaterThan(some.low);
    expect(some.low).toBeGreaterThan(all.low);
    expect(all.low).toBeGreaterThan(none.low);
    const processor = required(estimate({ footprint: moe, device: laptop, backend: "cpu-x86" }));
    expect(none.low).toBeCloseTo(processor.low, 6);
  });
});

describe("prefillSpeed", () => {
  const model = footprint("Q4_K", 4.3 * GB);

  test("contains the measurement of the same chip, and decreases with parameters", () => {
    const range = required(prefillSpeed({ footprint: model, device: device(), backend: "cuda", constants }));
    expect(range.low).toBeLessThan(4030);
    expect(range.high).toBeGreaterThan(4030);
    const double = required(
      prefillSpeed({ footprint: footprint("Q4_K", 8.6 * GB), device: device(), backend: "cuda", constants }),
    );
    expect(double.low).toBeCloseTo(range.low / 2, 6);
  });

  test("recognizes other spellings of a chip, and is null for unmeasured chips and backends", () => {
    const on = (chip: string, backend: "cuda" | "vulkan") =>
      prefillSpeed({ footprint: model, device: device({ chip }), backend, constants });
    expect(on("NVIDIA GeForce RTX 3090 24GB", "cuda")).not.toBeNull();
    expect(on("RTX 3090 Ti", "cuda")).toBeNull();
    expect(on("RTX 3090", "vulkan")).toBeNull();
  });
});
