import { describe, expect, test } from "vitest";
import type { FitResult } from "../../../src/hardware/compatibility.js";
import { estimateFit, type FitRequest } from "../../../src/hardware/fit/estimate-fit.js";
import {
  type DeviceOptions,
  MB,
  type ModelOptions,
  someBackends,
  someDevice,
  someModel,
} from "../../fixtures/fit-models.js";

type Settings = Partial<Pick<FitRequest, "context" | "kvType" | "hostRamBytes" | "backend">>;

/** The result for the fixture's model: 1100 MB of weights, and 102.4 MB of cache for 1024 tokens. */
function judged(model: ModelOptions, device: DeviceOptions, settings: Settings = {}): FitResult {
  return estimateFit({
    variant: "Q4_K_M",
    model: someModel(model),
    device: someDevice(device),
    backends: someBackends,
    context: 1024,
    kvType: "f16",
    ...settings,
  });
}

const mixture = { expertBytes: 80 * MB, experts: { count: 8, used: 2 } };

describe("verdicts", () => {
  // Full offload: 10 blocks + output 1050, cache 102.4, compute 100 → 1252.4 MB on the GPU.
  // Partial offload adds the copy of one weight, here at most a block: 100 MB.
  const cases: [string, ModelOptions, DeviceOptions, Settings, Partial<FitResult>][] = [
    ["GPU, full offload", {}, { budget: 1253 * MB }, {}, { verdict: "full", limit: null, reason: null }],
    [
      "GPU, all but one block",
      {},
      { budget: 1252 * MB },
      {},
      // 9 blocks + output 950, cache 92.16 + compute 200 = 1242.16
      { verdict: "partial", limit: "memory", layers: { offloaded: 10, total: 11, expertsOnCpu: 0 } },
    ],
    [
      "GPU, one block",
      {},
      { budget: 361 * MB },
      {},
      // output 50 + block 100 + cache 10.24 + compute 200 = 360.24
      { verdict: "partial", layers: { offloaded: 2, total: 11, expertsOnCpu: 0 } },
    ],
    [
      "GPU, no block",
      {},
      { budget: 360 * MB },
      {},
      { verdict: "cpu", limit: "memory", layers: null, backend: "cpu-x86" },
    ],
    [
      "GPU, small system memory",
      {},
      { budget: 300 * MB },
      { hostRamBytes: 1000 * MB },
      { verdict: "no", limit: "memory" },
    ],
    ["GPU, large system memory", {}, { budget: 300 * MB }, { hostRamBytes: 1323 * MB }, { verdict: "cpu" }],
    [
      "GPU, system memory too small for the embedding",
      {},
      { budget: 2000 * MB },
      { hostRamBytes: 100 * MB },
      { verdict: "no" },
    ],
    ["projector on the GPU", { projectorBytes: 1 * MB }, { budget: 1253 * MB }, {}, { verdict: "partial" }],
    [
      "experts of some blocks on the CPU",
      mixture,
      { budget: 1100 * MB },
      {},
      // 1252.4 + copy 80 − 80 × n ≤ 1100 → n = 3
      { verdict: "partial", layers: { offloaded: 11, total: 11, expertsOnCpu: 3 } },
    ],
    [
      "all experts and some blocks on the CPU",
      mixture,
      { budget: 500 * MB },
      {},
      // k blocks: 50 + 20k + 10.24k + 100 + 100 ≤ 500 → k = 8
      { verdict: "partial", layers: { offloaded: 9, total: 11, expertsOnCpu: 10 } },
    ],
    [
      "unified memory, fits",
      {},
      { class: "mac", budget: 1323 * MB },
      {},
      { verdict: "full", backend: "metal", hostBytes: 0 },
    ],
    [
      "unified memory, too small",
      {},
      { class: "cpu", budget: 1322 * MB },
      {},
      { verdict: "no", limit: "memory", layers: null },
    ],
    [
      "above the wired limit of a Mac",
      {},
      { class: "mac", budget: 1322 * MB, basis: "os-rule" },
      {},
      { verdict: "no", limit: "os" },
    ],
    [
      "above the process limit of a phone",
      {},
      { class: "phone", budget: 1322 * MB },
      {},
      { verdict: "no", limit: "os" },
    ],
    ["above the memory of a phone", {}, { class: "phone", budget: 600 * MB }, {}, { verdict: "no", limit: "memory" }],
    [
      "phone with the CPU as its first backend",
      {},
      { class: "phone", budget: 1400 * MB },
      {},
      { verdict: "full", layers: null },
    ],
  ];
  test.each(cases)("%s", (_name, model, device, settings, expected) => {
    expect(judged(model, device, settings)).toMatchObject(expected);
  });

  test("a q8_0 cache has 17/32 of the size", () => {
    // 1050 + 54.4 + 100 = 1204.4
    const verdictAt = (budget: number, kvType: "f16" | "q8_0") =>
      judged({}, { budget: budget * MB }, { kvType }).verdict;
    expect(verdictAt(1205, "q8_0")).toBe("full");
    expect(verdictAt(1204, "q8_0")).toBe("partial");
    expect(verdictAt(1205, "f16")).toBe("partial");
  });
});

describe("two GPUs", () => {
  // Item i of 11 is on GPU ⌊2i/11⌋: blocks 0–5 on the first (600 MB), 6–9 and the output on the second (450 MB).
  // The first: 600 + cache 61.44 + compute 100 = 761.44 MB.
  test("have separate layers and compute buffers", () => {
    const two = { class: "multi-gpu", cards: 2 } as const;
    expect(judged({}, { ...two, budget: 762 * MB })).toMatchObject({ verdict: "full" });
    expect(judged({}, { ...two, budget: 761 * MB })).toMatchObject({ verdict: "partial" });
  });

  test("need one more compute buffer than one GPU", () => {
    const one = judged({}, { budget: 4000 * MB });
    const two = judged({}, { class: "multi-gpu", cards: 2, budget: 4000 * MB });
    expect(two.residentBytes - one.residentBytes).toBe(100 * MB);
  });
});

describe("types", () => {
  const iq4 = { types: { IQ4_XS: 900 * MB, F32: 200 * MB } };
  const phone = { class: "phone", budget: 2000 * MB, backends: ["opencl-adreno", "cpu-arm"] } as const;

  test("the next backend is used if the first does not support a type", () => {
    const result = judged(iq4, { ...phone, backends: [...phone.backends] });
    expect(result).toMatchObject({ verdict: "cpu", limit: "type", backend: "cpu-arm", layers: null });
    expect(result.reason).toBe(
      "OpenCL (Adreno) does not support IQ4_XS, so the model runs on ARM CPU; IQ4_XS (82 % of the weights) runs slowly for its size on ARM CPU",
    );
    expect(result.flags).toBe("-ngl 0 -c 1024 -fa on");
  });

  test("another GPU backend is also full offload", () => {
    const result = judged(iq4, { ...phone, backends: ["opencl-adreno", "vulkan", "cpu-arm"] });
    expect(result).toMatchObject({ verdict: "full", limit: "type", backend: "vulkan" });
  });

  test("no backend supports a type", () => {
    const result = judged({ types: { NVFP4: MB } }, { class: "mac", budget: 2000 * MB });
    expect(result).toMatchObject({ verdict: "no", limit: "type", reason: "Metal does not support NVFP4" });
    expect(result.maximumContext).toEqual({ f16: null, q8_0: null });
  });

  test("the CPU is used if the GPU does not support a type", () => {
    const result = judged(iq4, { budget: 5000 * MB, backends: ["opencl-adreno"] });
    expect(result).toMatchObject({ verdict: "cpu", limit: "type", backend: "cpu-x86", hostBytes: 1_322_400_000 });
  });

  test("a requested backend is the only one considered", () => {
    const devices = { ...phone, backends: [...phone.backends] };
    expect(judged({}, devices, { backend: "cpu-arm" })).toMatchObject({ backend: "cpu-arm", verdict: "cpu" });
    expect(judged(iq4, devices, { backend: "opencl-adreno" })).toMatchObject({ verdict: "no", limit: "type" });
  });
});

test("a cache type that llama.cpp does not support for this model", () => {
  const model = someModel();
  const f16 = model.estimates.filter(({ kvType }) => kvType === "f16");
  const request = {
    variant: "Q8_0",
    device: someDevice({ budget: 4000 * MB }),
    backends: someBackends,
    context: 1024,
  };
  const only = { ...request, model: { ...model, estimates: f16 } };
  expect(estimateFit({ ...only, kvType: "q8_0" })).toMatchObject({
    ...{ verdict: "no", limit: "type", reason: "llama.cpp does not support a q8_0 KV cache for this model" },
    maximumContext: { f16: 8192, q8_0: null },
  });
  expect(estimateFit({ ...only, kvType: "f16" })).toMatchObject({ verdict: "full", maximumContext: { q8_0: null } });
});

describe("memory figures", () => {
  test("unified memory: all resident bytes, and those not mapped from the file", () => {
    const result = judged({}, { class: "mac", budget: 2000 * MB });
    expect(result).toMatchObject({ residentBytes: 1_322_400_000, dirtyBytes: 222_400_000, hostBytes: 0 });
  });

  test("types repacked for the CPU are process memory", () => {
    const types = { Q4_K: 900 * MB, IQ3_S: 200 * MB };
    const phone = judged({ types }, { class: "phone", budget: 2000 * MB });
    expect(phone).toMatchObject({ residentBytes: 1_322_400_000, dirtyBytes: 1_122_400_000 });
    const graphics = judged({ types }, { class: "phone", budget: 2000 * MB, backends: ["metal"] });
    expect(graphics).toMatchObject({ residentBytes: 1_322_400_000, dirtyBytes: 222_400_000 });
  });

  test("untouched buffers count on a GPU only", () => {
    const [phone, mac] = ([["cpu-arm"], ["metal"]] as const).map((backends) =>
      judged({ untouchedBytes: 60 * MB }, { class: "phone", budget: 2000 * MB, backends: [...backends] }),
    );
    expect(phone?.residentBytes).toBe(1_262_400_000);
    expect(mac?.residentBytes).toBe(1_322_400_000);
  });

  test("GPU: nothing on it is mapped; embedding, compute buffer and process are in system memory", () => {
    const result = judged({}, { budget: 2000 * MB });
    expect(result).toMatchObject({ residentBytes: 1_252_400_000, dirtyBytes: 1_252_400_000, hostBytes: 170 * MB });
  });

  test("the reason contains the needed memory if the model does not fit", () => {
    const result = judged({}, { class: "phone", budget: 700 * MB });
    expect(result.residentBytes).toBe(1_322_400_000);
    expect(result.reason).toBe("it needs 1.32 GB, but the budget for one model is 700 MB");
  });

  test("with an uneven cache, consecutive blocks count as those with a full cache", () => {
    // Windows in 8 of 10 blocks: the cache does not grow linearly. All of it could be in the blocks on the GPU.
    const uneven = { window: 512, kvBytesPerToken: MB };
    const even = { kvBytesPerToken: 0.5625 * MB };
    const [windowed, plain] = [uneven, even].map((model) => judged(model, { budget: 1000 * MB }));
    expect(windowed?.layers?.offloaded).toBeLessThan(plain?.layers?.offloaded ?? 0);
  });
});

describe("context", () => {
  test("the maximum has the same verdict, in steps of 256, for both cache types", () => {
    // (1400 − 1150) MB / 0.1 MB = 2500 tokens; by 17/32: 4705.
    expect(judged({}, { budget: 1400 * MB }).maximumContext).toEqual({ f16: 2304, q8_0: 4608 });
  });

  test.each([128, 1000])(
    "the maximum of a model trained with a context of %i tokens is that context",
    (trainedContext) => {
      const estimate = someModel().estimates.filter(({ context }) => context <= 1024);
      const { footprint } = someModel({ trainedContext });
      const device = someDevice({ budget: 9000 * MB });
      const request = { variant: "Q4_K_M", model: { footprint, estimates: estimate }, device, backends: someBackends };
      const result = estimateFit({ ...request, context: trainedContext, kvType: "f16" });
      expect(result).toMatchObject({ verdict: "full", maximumContext: { f16: trainedContext, q8_0: trainedContext } });
    },
  );

  test("the maximum is at least a context that fits", () => {
    const result = judged({ trainedContext: null }, { budget: 9000 * MB }, { context: 20_000 });
    expect(result).toMatchObject({ verdict: "full", maximumContext: { f16: 20_000 } });
  });

  test("the maximum never exceeds the trained context", () => {
    expect(judged({}, { budget: 9000 * MB }).maximumContext).toEqual({ f16: 8192, q8_0: 8192 });
    const unknown = judged({ trainedContext: null }, { budget: 9000 * MB }).maximumContext;
    expect(unknown).toEqual({ f16: 8192, q8_0: 8192 });
  });

  test("a context beyond the trained one is evaluated with a remark", () => {
    const result = judged({}, { budget: 9000 * MB }, { context: 16_384 });
    expect(result).toMatchObject({ verdict: "full", reason: "the model was trained with a context of 8192 tokens" });
  });

  test("the maximum of a model that does not run is the context at which it would", () => {
    const result = judged({}, { class: "phone", budget: 1300 * MB }, { context: 4096 });
    expect(result).toMatchObject({ verdict: "no", maximumContext: { f16: 768, q8_0: 1280 } });
    expect(judged({}, { class: "phone", budget: 1200 * MB }).maximumContext).toEqual({ f16: null, q8_0: null });
  });

  test("one step above the maximum changes the verdict", () => {
    for (const budget of [1262, 1290, 1400, 1600]) {
      const maximum = judged({}, { budget: budget * MB }).maximumContext.f16 ?? 0;
      expect(judged({}, { budget: budget * MB }, { context: maximum }).verdict).toBe("full");
      expect(judged({}, { budget: budget * MB }, { context: maximum + 256 }).verdict).toBe("partial");
    }
  });
});

describe("flags", () => {
  const cases: [ModelOptions, DeviceOptions, Settings, string][] = [
    [{}, { budget: 2000 * MB }, {}, "-ngl 99 -c 1024 -fa on"],
    [{}, { budget: 2000 * MB }, { kvType: "q8_0" }, "-ngl 99 -c 1024 -ctk q8_0 -ctv q8_0 -fa on"],
    [{}, { budget: 1252 * MB }, {}, "-ngl 10 -c 1024 -fa on"],
    [mixture, { budget: 1100 * MB }, {}, "-ngl 99 --n-cpu-moe 3 -c 1024 -fa on"],
    [{}, { budget: 100 * MB }, {}, "-ngl 0 -c 1024 -fa on"],
    [{}, { class: "mac", budget: 2000 * MB }, {}, "-ngl 99 -c 1024 -fa on"],
    [{ blocks: 126 }, { budget: 90_000 * MB }, {}, "-ngl 127 -c 1024 -fa on"],
  ];
  test.each(cases)("%j on %j with %j", (model, device, settings, flags) => {
    expect(judged(model, device, settings).flags).toBe(flags);
  });
});

describe("reasons", () => {
  const cases: [string, ModelOptions, DeviceOptions, Settings, string][] = [
    [
      "partial",
      {},
      { budget: 1252 * MB },
      {},
      "10 of 11 layers fit on the GPU; it also needs 280 MB of free system memory; the catalog does not list the system memory of this device",
    ],
    [
      "experts",
      mixture,
      { budget: 1100 * MB },
      { hostRamBytes: 64_000 * MB },
      "the experts of the first 3 blocks stay on the CPU",
    ],
    [
      "CPU",
      {},
      { budget: 300 * MB },
      { hostRamBytes: 64_000 * MB },
      "it needs 1.25 GB, but the budget for one model is 300 MB on the GPU",
    ],
    [
      "neither",
      {},
      { budget: 300 * MB },
      { hostRamBytes: 1000 * MB },
      "it needs 1.25 GB, but the budget for one model is 300 MB on the GPU; on the CPU it needs 1.32 GB, but only 1.00 GB of system memory is available",
    ],
    [
      "slow type",
      { types: { IQ4_XS: 1, Q4_K: 999 } },
      { class: "mac", budget: 2000 * MB },
      {},
      "IQ4_XS (less than 1 % of the weights) runs slowly for its size on Metal",
    ],
  ];
  test.each(cases)("%s", (_name, model, device, settings, reason) => {
    expect(judged(model, device, settings).reason).toBe(reason);
  });
});
