import { expect, test } from "vitest";
import { estimateFit, type FitRequest } from "../../../src/hardware/fit/estimate-fit.js";
import { loadSpeedConstants } from "../../../src/hardware/speed/speed-files.js";
import { type DeviceOptions, MB, someBackends, someDevice, someModel } from "../../fixtures/fit-models.js";

const speed = await loadSpeedConstants();

function judged(device: DeviceOptions, more: Partial<FitRequest> = {}) {
  const request = { variant: "Q4_K_M", model: someModel(), backends: someBackends, context: 1024 };
  return estimateFit({ ...request, kvType: "f16", device: someDevice(device), speed, ...more });
}

test("decode ranges from a full to an empty cache, and is slower with a longer one", () => {
  const short = judged({ budget: 9000 * MB }).decode;
  const long = judged({ budget: 9000 * MB }, { context: 8192 }).decode;
  expect(short?.low).toBeLessThan(short?.high ?? 0);
  expect(long?.low).toBeLessThan(short?.low ?? 0);
  expect(long?.high).toBe(short?.high);
  expect(short?.basis).toBe("estimate");
});

test("is null without constants, without bandwidth, and for a model that does not run", () => {
  expect(judged({ budget: 9000 * MB }, { speed: null }).decode).toBeNull();
  const unknown = { ...someDevice({ budget: 9000 * MB }), bandwidth: null };
  expect(judged({ budget: 1 }, { device: unknown }).decode).toBeNull();
  expect(judged({ class: "phone", budget: 100 * MB })).toMatchObject({ verdict: "no", decode: null, prefill: null });
});

test("is null on the CPU besides a GPU, because system memory is unknown", () => {
  expect(judged({ budget: 1252 * MB })).toMatchObject({ verdict: "partial", decode: null });
  expect(judged({ budget: 100 * MB })).toMatchObject({ verdict: "cpu", decode: null });
});

test("sustained load and battery are from the catalog", () => {
  const retention = { low: 0.5, high: 0.6, basis: "measured", source: "test" } as const;
  const device = { ...someDevice({ class: "phone", budget: 9000 * MB }) };
  const warm = { ...device, sustained: { ...device.sustained, retention } };
  expect(judged({ budget: 1 }, { device: warm })).toMatchObject({ sustained: retention, energyPerToken: null });
});
