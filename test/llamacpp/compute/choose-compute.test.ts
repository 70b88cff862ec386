import { describe, expect, test } from "vitest";
import { chooseCompute } from "../../../src/llamacpp/compute/choose-compute.js";
import { type ComputeSettings, computeArguments, computeEnvironment } from "../../../src/llamacpp/compute/compute.js";
import { missingLibrary } from "../../../src/llamacpp/compute/library-packages.js";
import type { BackendStatus } from "../../../src/llamacpp/compute/list-backends.js";
import { backendStatus, listedDevice } from "../../fixtures/backend-status.js";
import { failureOf } from "../../fixtures/failure.js";

const settings: ComputeSettings = {
  ...{ device: "auto", gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" },
};
const llvmpipe = listedDevice("Vulkan0", { description: "llvmpipe (LLVM 19)", isSoftware: true });
const noLibraries = backendStatus("cuda", [], {
  loads: false,
  problem: null,
  missing: ["libcublas.so.13", "libcuda.so.1"].map(missingLibrary),
});
const choose = (device: string, backends: readonly BackendStatus[], change: Partial<ComputeSettings> = {}) =>
  chooseCompute(
    { ...settings, ...change, device },
    {
      hardware: async () => new Set(["cuda", "vulkan"]),
      list: (kind) => backends.filter((each) => kind === undefined || each.kind === kind),
    },
  );

describe("auto", () => {
  test("a machine without a card computes on the CPU, and no backend is loaded", async () => {
    const list = () => {
      throw new Error("loads a backend");
    };
    const { compute, reason } = await chooseCompute(settings, { hardware: async () => new Set(), list });
    expect([compute.backend, reason]).toEqual(["cpu", "computes on the CPU: this machine has no graphics card"]);
  });

  test("CUDA comes before Vulkan, which is not loaded then", async () => {
    const listed: unknown[] = [];
    const { compute, reason } = await chooseCompute(settings, {
      hardware: async () => new Set(["cuda", "vulkan"]),
      list: (kind) => {
        listed.push(kind);
        return [backendStatus("cuda", [listedDevice("CUDA0")])];
      },
    });
    expect(listed).toEqual(["cuda"]);
    expect(reason).toBe("computes on CUDA0 (Card of CUDA0, 15.0 GB free)");
    expect(computeArguments(compute)).toEqual(["--device", "CUDA0"]);
    expect(computeEnvironment(compute)).toMatchObject({ GGML_BACKEND_PATH: "/packages/libggml-cuda.so" });
  });

  test("the reason names the library that the better backend lacks, and its package", async () => {
    const { compute, reason } = await choose("auto", [noLibraries, backendStatus("vulkan", [listedDevice("Vulkan0")])]);
    expect(compute.devices.map(({ name }) => name)).toEqual(["Vulkan0"]);
    expect(reason).toMatch(/^computes on Vulkan0 \(.*\); CUDA is not used: libcublas\.so\.13 \(libcublas-13-0 .*\)/);
    expect(reason).toContain("libcuda.so.1 (the NVIDIA driver) are missing");
  });

  test("software devices are slower than the CPU backend", async () => {
    const { compute, reason } = await choose("auto", [noLibraries, backendStatus("vulkan", [llvmpipe])]);
    expect(compute.backend).toBe("cpu");
    expect(reason).toContain("Vulkan is not used: llvmpipe (LLVM 19) computes on the CPU");
  });

  test("cards come before an integrated one, and the second build helps cards that the first rejects", async () => {
    const integrated = listedDevice("Vulkan0", { isIntegrated: true });
    const vulkan = backendStatus("vulkan", [integrated, listedDevice("Vulkan1"), llvmpipe]);
    expect((await choose("auto", [vulkan])).compute.devices.map(({ name }) => name)).toEqual(["Vulkan1"]);
    expect((await choose("auto", [backendStatus("vulkan", [integrated])])).compute.backend).toBe("vulkan");
    const fallback = backendStatus("cuda", [listedDevice("CUDA0")], { library: "/packages/fallback.so" });
    const { compute } = await choose("auto", [backendStatus("cuda", []), fallback, vulkan]);
    expect(compute.library).toBe("/packages/fallback.so");
  });
});

describe("a set device", () => {
  test("the CPU needs no backend", async () => {
    expect((await choose("cpu", [])).compute.backend).toBe("cpu");
  });

  test("software Vulkan is used if it is set", async () => {
    const { compute } = await choose("vulkan", [backendStatus("vulkan", [llvmpipe])]);
    expect(compute.devices.map(({ name }) => name)).toEqual(["Vulkan0"]);
    expect(compute.devices[0]).not.toHaveProperty("isSoftware");
  });

  test("devices by name, with their placement", async () => {
    const cuda = backendStatus(
      "cuda",
      ["CUDA0", "CUDA1", "CUDA2"].map((name) => listedDevice(name)),
    );
    const place = { gpuLayers: 20, mainGpu: 1, tensorSplit: [3, 1], cpuMoe: "on" } as const;
    const { compute } = await choose("CUDA2,CUDA0", [cuda], place);
    expect(computeArguments(compute)).toEqual([
      "--device",
      "CUDA2,CUDA0",
      "-ngl",
      "20",
      "-mg",
      "1",
      "-ts",
      "3,1",
      "--cpu-moe",
    ]);
  });

  test.each([
    [
      "Vulkan7",
      [backendStatus("vulkan", [llvmpipe])],
      "QS-COMPUTE-DEVICE",
      'Vulkan7" does not exist; known are Vulkan0',
    ],
    ["gpu", [], "QS-COMPUTE-DEVICE", "this machine has no device but the CPU"],
    ["vulkan", [backendStatus("vulkan", [])], "QS-COMPUTE-DEVICE", "vulkan finds no device"],
    ["cuda", [noLibraries], "QS-COMPUTE-BACKEND", "libcublas.so.13 (libcublas-13-0"],
    ["CUDA0", [noLibraries], "QS-COMPUTE-BACKEND", "libcuda.so.1 (the NVIDIA driver)"],
    ["metal", [], "QS-COMPUTE-BACKEND", "no build for"],
  ] as const)("%s fails: %#", async (device, backends, code, mentions) => {
    const failure = await failureOf(choose(device, backends));
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(mentions)]);
  });

  test.each([{ mainGpu: 1 }, { tensorSplit: [1, 1] }])("%o exceeds one device", async (change) => {
    const failure = await failureOf(choose("cuda", [backendStatus("cuda", [listedDevice("CUDA0")])], change));
    expect(failure.code).toBe("QS-COMPUTE-DEVICE");
    expect(failure.message).toContain(Object.keys(change)[0]);
  });
});
