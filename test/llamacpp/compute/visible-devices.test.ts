import { afterEach, expect, test, vi } from "vitest";
import { visibleEnvironment } from "../../../src/llamacpp/compute/visible-devices.js";
import { onDevice } from "../../fixtures/plan.js";

afterEach(() => vi.unstubAllEnvs());

function environment(backend: "cpu" | "cuda" | "vulkan" | "metal", names: string[], visible?: string) {
  vi.stubEnv("CUDA_VISIBLE_DEVICES", visible);
  vi.stubEnv("GGML_VK_VISIBLE_DEVICES", visible);
  const { compute } = onDevice(backend).compute;
  return visibleEnvironment({ ...compute, devices: names.map((name) => ({ ...compute.devices[0], name }) as never) });
}

test("a program that finds its devices itself sees those of the plan, by their numbers on the machine", () => {
  expect(environment("cuda", ["CUDA1"])).toEqual({ CUDA_VISIBLE_DEVICES: "1" });
  expect(environment("cuda", ["CUDA1", "CUDA0"], "GPU-a,GPU-b")).toEqual({ CUDA_VISIBLE_DEVICES: "GPU-b,GPU-a" });
  expect(environment("vulkan", ["Vulkan1"], "2,0")).toEqual({ GGML_VK_VISIBLE_DEVICES: "0" });
});

test("unset, Vulkan's numbers are unknown; the CPU and Metal have none", () => {
  expect(environment("vulkan", ["Vulkan1"])).toEqual({});
  expect(environment("cpu", [], "0")).toEqual({});
  expect(environment("metal", ["MTL0"], "0")).toEqual({});
});
