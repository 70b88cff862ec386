import { describe, expect, test } from "vitest";
import type { FitResult } from "../../../src/hardware/compatibility.js";
import { estimateFit, type FitQuestion } from "../../../src/hardware/fit/estimate-fit.js";
import {
  type DeviceOptions,
  MB,
  type ModelOptions,
  someBackends,
  someDevice,
  someModel,
} from "../../fixtures/fit-models.js";

type Settings = Partial<Pick<FitQuestion, "context" | "kvType" | "hostRamBytes" | "backend">>;

/** The demo model of the fixtures: 1100 MB of weights; with 1024 tokens 102.4 MB of cache. */
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
  // Full offload: 10 blocks + output 1050, cache 102.4, compute 100 → 1252.4 MB on the card.
  // A split adds the copy of one weight, here at most a block: 100 MB.
  const cases: [string, ModelOptions, DeviceOptions, Settings, Partial<FitResult>][] = [
    ["card, all of it", {}, { budget: 1253 * MB }, {}, { verdict: "full", limit: null, reason: null }],
    [
      "card, one block short",
      {},
      { budget: 1252 * MB },
      {},
      // 9 blocks + output 950, cache 92.16 + compute 200 = 1242.16
      { verdict: "partial", limit: "memory", layers: { offloaded: 10, total: 11, expertsOnCpu: 0 } },
    ],
    [
      "card, one block",
      {},
      { budget: 361 * MB },
      {},
      // output 50 + block 100 + cache 10.24 + compute 200 = 360.24
      { verdict: "partial", layers: { offloaded: 2, total: 11, expertsOnCpu: 0 } },
    ],
    [
      "card, not even one",
      {},
      { budget: 360 * MB },
      {},
      { verdict: "cpu", limit: "memory", layers: null, backend: "cpu-x86" },
    ],
    ["card, small computer", {}, { budget: 300 * MB }, { hostRamBytes: 1000 * MB }, { verdict: "no", limit: "memory" }],
    ["card, large computer", {}, { budget: 300 * MB }, { hostRamBytes: 1323 * MB }, { verdict: "cpu" }],
    [
      "a computer too small for the embedding",
      {},
      { budget: 2000 * MB },
      { hostRamBytes: 100 * MB },
      { verdict: "no" },
    ],
    ["projector on the card", { projectorBytes: 1 * MB }, { budget: 1253 * MB }, {}, { verdict: "partial" }],
    [
      "experts of some blocks",
      mixture,
      { budget: 1100 * MB },
      {},
      // 1252.4 + copy 80 − 80 × n ≤ 1100 → n = 3
      { verdict: "partial", layers: { offloaded: 11, total: 11, expertsOnCpu: 3 } },
    ],
    [
      "all experts and some blocks",
      mixture,
      { budget: 500 * MB },
      {},
      // k blocks: 50 + 20k + 10.24k + 100 + 100 ≤ 500 → k = 8
      { verdict: "partial", layers: { offloaded: 9, total: 11, expertsOnCpu: 10 } },
    ],
    [
      "unified, all of it",
      {},
      { class: "mac", budget: 1323 * MB },
      {},
      { verdict: "full", backend: "metal", hostBytes: 0 },
    ],
    [
      "unified, too little",
      {},
      { class: "cpu", budget: 1322 * MB },
      {},
      { verdict: "no", limit: "memory", layers: null },
    ],
    [
      "Mac under its wired limit",
      {},
      { class: "mac", budget: 1322 * MB, basis: "os-rule" },
      {},
      { verdict: "no", limit: "os" },
    ],
    ["phone's process limit", {}, { class: "phone", budget: 1322 * MB }, {}, { verdict: "no", limit: "os" }],
    [
      "phone with less memory than that",
      {},
      { class: "phone", budget: 600 * MB },
      {},
      { verdict: "no", limit: "memory" },
    ],
    [
      "phone's processor as its first backend",
      {},
      { class: "phone", budget: 1400 * MB },
      {},
      { verdict: "full", layers: null },
    ],
  ];
  test.each(cases)("%s", (_name, model, device, settings, expected) => {
    expect(judged(model, device, settings)).toMatchObject(expected);
  });

  test("q8_0 takes 17/32 of the cache", () => {
    // 1050 + 54.4 + 100 = 1204.4
    const verdictAt = (budget: number, kvType: "f16" | "q8_0") =>
      judged({}, { budget: budget * MB }, { kvType }).verdict;
    expect(verdictAt(1205, "q8_0")).toBe("full");
    expect(verdictAt(1204, "q8_0")).toBe("partial");
    expect(verdictAt(1205, "f16")).toBe("partial");
  });
});

describe("two cards", () => {
  // Item i of 11 goes to card ⌊2i/11⌋: blocks 0–5 to the first (600 MB), 6–9 and the output to the second (450 MB).
  // The first: 600 + cache 61.44 + compute 100 = 761.44 MB.
  test("each has its own layers and a compute buffer", () => {
    const two = { class: "multi-gpu", cards: 2 } as const;
    expect(judged({}, { ...two, budget: 762 * MB })).toMatchObject({ verdict: "full" });
    expect(judged({}, { ...two, budget: 761 * MB })).toMatchObject({ verdict: "partial" });
  });

  test("together they need one compute buffer more than one card does", () => {
    const one = judged({}, { budget: 4000 * MB });
    const two = judged({}, { class: "multi-gpu", cards: 2, budget: 4000 * MB });
    expect(two.residentBytes - one.residentBytes).toBe(100 * MB);
  });
});

describe("types", () => {
  const iq4 = { types: { IQ4_XS: 900 * MB, F32: 200 * MB } };
  const phone = { class: "phone", budget: 2000 * MB, backends: ["opencl-adreno", "cpu-arm"] } as const;

  test("the next backend takes what the first cannot compute", () => {
    const result = judged(iq4, { ...phone, backends: [...phone.backends] });
    expect(result).toMatchObject({ verdict: "cpu", limit: "type", backend: "cpu-arm", layers: null });
    expect(result.reason).toBe(
      "OpenCL (Adreno) cannot compute IQ4_XS, so ARM CPU does; IQ4_XS (82 % of the weights) runs below the speed of its size on ARM CPU",
    );
    expect(result.flags).toBe("-ngl 0 -c 1024 -fa on");
  });

  test("another graphics backend is still full offload", () => {
    const result = judged(iq4, { ...phone, backends: ["opencl-adreno", "vulkan", "cpu-arm"] });
    expect(result).toMatchObject({ verdict: "full", limit: "type", backend: "vulkan" });
  });

  test("no backend is left", () => {
    const result = judged({ types: { NVFP4: MB } }, { class: "mac", budget: 2000 * MB });
    expect(result).toMatchObject({ verdict: "no", limit: "type", reason: "Metal cannot compute NVFP4" });
    expect(result.maximumContext).toEqual({ f16: null, q8_0: null });
  });

  test("a card that cannot leaves it to the processor beside it", () => {
    const result = judged(iq4, { budget: 5000 * MB, backends: ["opencl-adreno"] });
    expect(result).toMatchObject({ verdict: "cpu", limit: "type", backend: "cpu-x86", hostBytes: 1_322_400_000 });
  });

  test("a backend asked for is the only one looked at", () => {
    const devices = { ...phone, backends: [...phone.backends] };
    expect(judged({}, devices, { backend: "cpu-arm" })).toMatchObject({ backend: "cpu-arm", verdict: "cpu" });
    expect(judged(iq4, devices, { backend: "opencl-adreno" })).toMatchObject({ verdict: "no", limit: "type" });
  });
});

test("a cache that llama.cpp cannot give this model", () => {
  const model = someModel();
  const f16 = model.estimates.filter(({ kvType }) => kvType === "f16");
  const question = {
    variant: "Q8_0",
    device: someDevice({ budget: 4000 * MB }),
    backends: someBackends,
    context: 1024,
  };
  const only = { ...question, model: { ...model, estimates: f16 } };
  expect(estimateFit({ ...only, kvType: "q8_0" })).toMatchObject({
    ...{ verdict: "no", limit: "type", reason: "llama.cpp cannot run this model with a q8_0 cache" },
    maximumContext: { f16: 8192, q8_0: null },
  });
  expect(estimateFit({ ...only, kvType: "f16" })).toMatchObject({ verdict: "full", maximumContext: { q8_0: null } });
});

describe("memory figures", () => {
  test("one memory: all that is resident, and what is not mapped from the file", () => {
    const result = judged({}, { class: "mac", budget: 2000 * MB });
    expect(result).toMatchObject({ residentBytes: 1_322_400_000, dirtyBytes: 222_400_000, hostBytes: 0 });
  });

  test("the processor's own layout of a type is memory of the process", () => {
    const types = { Q4_K: 900 * MB, IQ3_S: 200 * MB };
    const phone = judged({ types }, { class: "phone", budget: 2000 * MB });
    expect(phone).toMatchObject({ residentBytes: 1_322_400_000, dirtyBytes: 1_122_400_000 });
    const graphics = judged({ types }, { class: "phone", budget: 2000 * MB, backends: ["metal"] });
    expect(graphics).toMatchObject({ residentBytes: 1_322_400_000, dirtyBytes: 222_400_000 });
  });

  test("buffers that nobody touches count where a graphics driver takes them", () => {
    const [phone, mac] = ([["cpu-arm"], ["metal"]] as const).map((backends) =>
      judged({ untouchedBytes: 60 * MB }, { class: "phone", budget: 2000 * MB, backends: [...backends] }),
    );
    expect(phone?.residentBytes).toBe(1_262_400_000);
    expect(mac?.residentBytes).toBe(1_322_400_000);
  });

  test("a card: nothing on it is mapped; embedding, compute buffer and process are beside it", () => {
    const result = judged({}, { budget: 2000 * MB });
    expect(result).toMatchObject({ residentBytes: 1_252_400_000, dirtyBytes: 1_252_400_000, hostBytes: 170 * MB });
  });

  test("what does not fit says what it would take", () => {
    const result = judged({}, { class: "phone", budget: 700 * MB });
    expect(result.residentBytes).toBe(1_322_400_000);
    expect(result.reason).toBe("it needs 1.32 GB, and one model may take 700 MB");
  });

  test("an uneven cache never counts less for a run of blocks than the blocks with a full cache", () => {
    // Windows in 8 of 10 blocks: the cache stops growing in step. All of it could be in the blocks on the card.
    const uneven = { window: 512, kvBytesPerToken: MB };
    const even = { kvBytesPerToken: 0.5625 * MB };
    const [windowed, plain] = [uneven, even].map((model) => judged(model, { budget: 1000 * MB }));
    expect(windowed?.layers?.offloaded).toBeLessThan(plain?.layers?.offloaded ?? 0);
  });
});

describe("context", () => {
  test("the largest that keeps the verdict, in steps of 256, for both caches", () => {
    // (1400 − 1150) MB / 0.1 MB = 2500 tokens; by 17/32: 4705.
    expect(judged({}, { budget: 1400 * MB }).maximumContext).toEqual({ f16: 2304, q8_0: 4608 });
  });

  test.each([128, 1000])("a model trained on %i tokens runs at all of them", (trainedContext) => {
    const estimate = someModel().estimates.filter(({ context }) => context <= 1024);
    const { footprint } = someModel({ trainedContext });
    const device = someDevice({ budget: 9000 * MB });
    const question = { variant: "Q4_K_M", model: { footprint, estimates: estimate }, device, backends: someBackends };
    const result = estimateFit({ ...question, context: trainedContext, kvType: "f16" });
    expect(result).toMatchObject({ verdict: "full", maximumContext: { f16: trainedContext, q8_0: trainedContext } });
  });

  test("never less than a context that holds", () => {
    const result = judged({ trainedContext: null }, { budget: 9000 * MB }, { context: 20_000 });
    expect(result).toMatchObject({ verdict: "full", maximumContext: { f16: 20_000 } });
  });

  test("never more than the model was trained on", () => {
    expect(judged({}, { budget: 9000 * MB }).maximumContext).toEqual({ f16: 8192, q8_0: 8192 });
    const unknown = judged({ trainedContext: null }, { budget: 9000 * MB }).maximumContext;
    expect(unknown).toEqual({ f16: 8192, q8_0: 8192 });
  });

  test("a longer context is judged and remarked upon", () => {
    const result = judged({}, { budget: 9000 * MB }, { context: 16_384 });
    expect(result).toMatchObject({ verdict: "full", reason: "the model was trained on 8192 tokens of context" });
  });

  test("what does not run at this context tells at which it would", () => {
    const result = judged({}, { class: "phone", budget: 1300 * MB }, { context: 4096 });
    expect(result).toMatchObject({ verdict: "no", maximumContext: { f16: 768, q8_0: 1280 } });
    expect(judged({}, { class: "phone", budget: 1200 * MB }).maximumContext).toEqual({ f16: null, q8_0: null });
  });

  test("one token step more would change the verdict", () => {
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
      "10 of 11 layers fit on the card; the computer must have 280 MB of memory free, which is not in the catalog",
    ],
    [
      "experts",
      mixture,
      { budget: 1100 * MB },
      { hostRamBytes: 64_000 * MB },
      "the experts of the first 3 blocks stay with the processor",
    ],
    [
      "processor",
      {},
      { budget: 300 * MB },
      { hostRamBytes: 64_000 * MB },
      "it needs 1.25 GB, and one model may take 300 MB of the card",
    ],
    [
      "nothing",
      {},
      { budget: 300 * MB },
      { hostRamBytes: 1000 * MB },
      "it needs 1.25 GB, and one model may take 300 MB of the card; the processor alone needs 1.32 GB, and the computer has 1.00 GB",
    ],
    [
      "slow type",
      { types: { IQ4_XS: 1, Q4_K: 999 } },
      { class: "mac", budget: 2000 * MB },
      {},
      "IQ4_XS (less than 1 % of the weights) runs below the speed of its size on Metal",
    ],
  ];
  test.each(cases)("%s", (_name, model, device, settings, reason) => {
    expect(judged(model, device, settings).reason).toBe(reason);
  });
});
