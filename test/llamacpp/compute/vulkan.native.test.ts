import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readFloats } from "../../../src/gguf/read-floats.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { type Compute, computeEnvironment } from "../../../src/llamacpp/compute/compute.js";
import { resolveCompute } from "../../../src/llamacpp/compute/resolve-compute.js";
import { computeImatrix } from "../../../src/llamacpp/imatrix.js";
import { measureKld } from "../../../src/llamacpp/kl-divergence.js";
import { computeMoments } from "../../../src/llamacpp/moments.js";
import { saveBaseLogits } from "../../../src/llamacpp/perplexity.js";
import { roundTensors } from "../../../src/llamacpp/round.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { demoFolder } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";
import { until } from "../../fixtures/until.js";
import { firstVulkanDevice } from "../../fixtures/vulkan.js";

const backend = await firstVulkanDevice();
const cwd = temporaryFolder();
const settings = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
const one = { model: "model.gguf", text: "calibration.txt", chunks: 1, context: 64 };
let run: ToolRun;
let compute: Compute;

/** Returns the sums of the tensors whose names end in `part`. */
async function readSums(name: string, part: string): Promise<Map<string, number>> {
  const { path: file, tensors } = await readGguf(path.join(cwd, name));
  const sums = new Map<string, number>();
  for (const tensor of tensors.filter((each) => each.name.endsWith(part))) {
    const values = await readFloats(file, tensor);
    sums.set(
      tensor.name,
      values.reduce((sum, value) => sum + value, 0),
    );
  }
  return sums;
}

describe.skipIf("skipped" in backend)("Vulkan", () => {
  beforeAll(async () => {
    run = await makeTinyModel(cwd);
    await copyFile(path.join(demoFolder, "text", "evaluation.txt"), path.join(cwd, "evaluation.txt"));
    ({ compute } = await resolveCompute({ ...settings, device: "vulkan" }, run.toolchain));
  });
  afterEach(() => vi.unstubAllEnvs());

  test("the choice has the device, its driver and the backend's library", () => {
    expect(compute).toMatchObject({ backend: "vulkan", devices: [{ name: "Vulkan0" }], placement: settings });
    expect(path.basename(compute.library ?? "")).toBe("libggml-vulkan.so");
  });

  test("too little memory for all layers: the imatrix is computed with fewer, and is the CPU's within rounding", async () => {
    const notes: string[] = [];
    const onNote = (line: string) => void notes.push(line);
    const cpu = await computeImatrix({ ...run, ...one, out: "cpu.gguf" });
    // The KV cache of 3 blocks fits into a buffer of 20 MB, that of all 6 does not.
    vi.stubEnv("GGML_VK_FORCE_MAX_BUFFER_SIZE", "20000000");
    const layers: number[] = [];
    const onLayers = (count: number) => void layers.push(count);
    const device = await computeImatrix({ ...run, ...one, compute, onNote, onLayers, out: "vulkan.gguf" });
    expect(layers).toEqual([4]);
    expect(notes).toEqual(["Vulkan0 ran out of memory with 7 layers of model.gguf: computing again with 4"]);
    expect(device.argv.slice(-4)).toEqual(["--device", "Vulkan0", "-ngl", "4"]);
    expect(device.perplexity / cpu.perplexity).toBeCloseTo(1, 2);
  });

  test("memory for no layer is an error", async () => {
    vi.stubEnv("GGML_VK_FORCE_MAX_BUFFER_SIZE", "3000000");
    const failure = await failureOf(computeImatrix({ ...run, ...one, compute, out: "none.gguf" }));
    expect(failure.code).toBe("QS-COMPUTE-MEMORY");
  });

  test("a driver that disappears after the plan is an error", async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/no/driver.json");
    vi.stubEnv("VK_ICD_FILENAMES", "/no/driver.json");
    const failure = await failureOf(computeImatrix({ ...run, ...one, compute, out: "none.gguf" }));
    expect([failure.code, failure.message]).toEqual([
      "QS-COMPUTE-DEVICE",
      "llama-imatrix no longer finds the device Vulkan0",
    ]);
  });

  test("llama-moments reads inputs in the device's memory", async () => {
    const moments = { ...run, ...one, layers: [0, 99] as const, output: true, sharedExperts: false };
    await computeMoments({ ...moments, out: "c-i.gguf", moments: "c-m.gguf", state: "c" });
    await computeMoments({ ...moments, compute, out: "v-i.gguf", moments: "v-m.gguf", state: "v" });
    for (const [cpu, device, part] of [
      ["c-i.gguf", "v-i.gguf", ".in_sum2"],
      ["c-m.gguf", "v-m.gguf", ".diagonal"],
    ] as const) {
      const [expected, found] = [await readSums(cpu, part), await readSums(device, part)];
      expect([...found.keys()]).toEqual([...expected.keys()]);
      expect(found.size).toBeGreaterThan(20);
      for (const [name, sum] of found) expect(sum / (expected.get(name) ?? 0)).toBeCloseTo(1, 1);
    }
  });

  test("KLD on the device from base logits of the CPU is rounding", async () => {
    await saveBaseLogits({ ...run, ...one, chunks: 4, text: "evaluation.txt", out: "base.bin" });
    const { figures } = await measureKld({ ...run, compute, model: "model.gguf", base: "base.bin" });
    expect(figures.kldMean).toBeLessThan(0.001);
    expect(figures.perplexityRatio).toBeCloseTo(1, 2);
  });

  describe("rounding with feedback", () => {
    const types = new Map([
      ["blk.0.attn_q.weight", ["Q4_K"]],
      ["blk.0.ffn_down.weight", ["Q3_K"]],
    ]);
    const rounding = () => ({ ...run, model: "model.gguf", moments: "rounding.gguf", types });
    const bytes = (name: string, from?: number, to?: number) =>
      readFileSync(path.join(cwd, `${name}.bin`)).subarray(from, to);

    beforeAll(async () => {
      const moments = { ...run, ...one, chunks: 8, layers: [0, 1] as const, output: false, sharedExperts: false };
      await computeMoments({ ...moments, out: "rounding-i.gguf", moments: "rounding.gguf", state: "rounding" });
      await roundTensors({ ...rounding(), out: "cpu" });
    });

    test("losses are the CPU's within rounding; a killed run resumes", async () => {
      const cpu = await roundTensors({ ...rounding(), out: "cpu" });
      const device = await roundTensors({ ...rounding(), compute, out: "device" });
      expect(device.argv.slice(-2)).toEqual(["--device", "Vulkan0"]);
      for (const [i, { tensor, feedback, results }] of device.tensors.entries()) {
        const [own, theirs] = [results[0]?.loss ?? 0, cpu.tensors[i]?.results[0]?.loss ?? 0];
        expect({ tensor, feedback }).toEqual({ tensor: cpu.tensors[i]?.tensor, feedback: true });
        expect(Math.abs(own / theirs - 1)).toBeLessThan(0.01);
      }
      expect(bytes("device").equals(bytes("cpu"))).toBe(false);

      const args = device.argv.slice(1).map((each) => each.replace(/^device\.(jsonl|bin)$/, "killed.$1"));
      const env = { ...process.env, ...computeEnvironment(compute) };
      const child = spawn(run.toolchain.tools["llama-round"]?.path ?? "", args, { cwd, stdio: "ignore", env });
      const ended = once(child, "exit");
      const index = path.join(cwd, "killed.jsonl");
      await until(() => existsSync(index) && readFileSync(index).length > 0);
      child.kill("SIGKILL");
      await ended;
      await roundTensors({ ...rounding(), compute, out: "killed" });
      expect(bytes("killed").equals(bytes("device"))).toBe(true);
    });

    test("what exceeds the device's memory is rounded on the CPU, noted", async () => {
      // Batches of the larger weight, and none of its input's factors.
      vi.stubEnv("GGML_VK_FORCE_MAX_BUFFER_SIZE", "700000");
      const notes: string[] = [];
      const onNote = (line: string) => void notes.push(line);
      const { tensors } = await roundTensors({ ...rounding(), compute, onNote, out: "small" });
      expect(notes).toEqual([
        "Vulkan0 has too little memory for inputs of 768 columns: their weights are rounded on the CPU",
      ]);
      const down = tensors.find(({ tensor }) => tensor === "blk.0.ffn_down.weight");
      expect(bytes("small", down?.offset).equals(bytes("cpu", down?.offset))).toBe(true);
    });
  });
});
