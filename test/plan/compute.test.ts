import { describe, expect, test, vi } from "vitest";
import { keyPlan } from "../../src/engine/step-keys.js";
import type { BackendKind } from "../../src/llamacpp/compute/compute.js";
import { requireLocked } from "../../src/plan/lock-file.js";
import type { QuantsmithError } from "../../src/util/errors.js";
import { demoRecipe } from "../fixtures/cli.js";
import { onDevice } from "../fixtures/plan.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = `${demoRecipe.replace("[Q8_0]", "[Q8_0, { name: Q4_K_S, rounding: nearest, dynamic: { sizeOf: Q4_K_M } }]").replace("preview", "demo")}`;
const planFor = (backend: BackendKind) => planned(recipe, {}, (facts) => ({ ...facts, ...onDevice(backend) }));
const keysFor = async (backend: BackendKind) => keyPlan(await planFor(backend));

describe("keys", () => {
  test("on the CPU, no fingerprint names a backend, and the lock file does not either", async () => {
    for (const { fingerprint } of (await keysFor("cpu")).values())
      expect(Object.keys(fingerprint)).toEqual(["format", "stage", "version", "params", "inputs", "tools"]);
    expect((await planFor("cpu")).report.params.lock).not.toHaveProperty("compute");
  });

  test("on a device, only steps that evaluate a model or round with feedback name the backend", async () => {
    const named = [...(await keysFor("vulkan"))].flatMap(([id, { fingerprint }]) =>
      fingerprint.backend === undefined ? [] : [id],
    );
    expect(named).toEqual([
      "calibrate",
      "validate:base",
      "validate:base:noise",
      "allocate:errors",
      "allocate:base",
      "allocate:probes",
      "smoke:base",
      "quantize:Q8_0",
      "validate:Q8_0",
      "smoke:Q8_0",
      "allocate:Q4_K_S:errors",
      "validate:Q4_K_S",
      "smoke:Q4_K_S",
      "validate:llama.cpp-Q8_0",
      "validate:llama.cpp-Q4_K_M",
    ]);
  });

  test("steps before the first evaluation have one key on all backends", async () => {
    const [cpu, vulkan] = [await keysFor("cpu"), await keysFor("vulkan")];
    for (const id of ["fetch", "convert"]) expect(vulkan.get(id)?.key).toBe(cpu.get(id)?.key);
    // Rounding to nearest reads the imatrix, and has no backend of its own.
    const [here, there] = [cpu, vulkan].map((keys) => keys.get("quantize:Q4_K_S")?.fingerprint);
    expect(there).toEqual({ ...here, inputs: there?.inputs });
    expect(there?.inputs).not.toEqual(here?.inputs);
  });
});

test("settings that smoke tests do not follow are warnings", async () => {
  vi.stubEnv("GGML_VK_VISIBLE_DEVICES", undefined);
  const warnings = async (section: string, backend: BackendKind, from = recipe) => {
    const { warnings } = await planned(`${from}compute: ${section}\n`, {}, (facts) => ({
      ...facts,
      ...onDevice(backend),
    }));
    return warnings.map(({ code, message }) => `${code}: ${message}`);
  };
  const placed = "{ mainGpu: 0, tensorSplit: [3, 1], cpuMoe: on }";
  expect(await warnings(placed, "cuda")).toEqual([
    "QW-SMOKE-DEVICE: smoke tests ignore `mainGpu` and `tensorSplit` and `cpuMoe`: node-llama-cpp splits the layers by the devices' free memory",
  ]);
  expect(await warnings(placed, "cuda", `${recipe.slice(0, recipe.indexOf("smoke:"))}smoke: []\n`)).toEqual([]);
  expect(await warnings("{ device: CUDA1 }", "cuda")).toEqual([]);
  expect(await warnings("{ device: vulkan }", "vulkan")).toEqual([]);
  expect(await warnings("{ device: Vulkan1 }", "vulkan")).toEqual([
    "QW-SMOKE-DEVICE: smoke tests use all Vulkan devices instead of Vulkan1",
  ]);
  vi.stubEnv("GGML_VK_VISIBLE_DEVICES", "0,1");
  expect(await warnings("{ device: Vulkan1 }", "vulkan")).toEqual([]);
  vi.unstubAllEnvs();
});

describe("--locked", () => {
  test.each([
    ["cpu", "cuda"],
    ["vulkan", "cpu"],
    ["vulkan", "cuda"],
  ] as const)("a lock file of %s refuses a run with %s", async (locked, now) => {
    const content = JSON.parse(JSON.stringify((await planFor(locked)).report.params.lock));
    const plan = await planFor(now);
    let refused: QuantsmithError | undefined;
    try {
      requireLocked(plan, { path: "the.lock.yaml", content, isForeign: false });
    } catch (error) {
      refused = error as QuantsmithError;
    }
    expect(refused?.code).toBe("QS-LOCK-MOVED");
    expect(refused?.message).toContain(
      `computed with ${locked}, and this run would compute with ${now} (for a test of ${now})`,
    );
    expect(refused?.remedy).toContain(`\`--device ${locked}\``);
    expect(() =>
      requireLocked(plan, {
        path: "own",
        content: JSON.parse(JSON.stringify(plan.report.params.lock)),
        isForeign: false,
      }),
    ).not.toThrow();
  });
});
