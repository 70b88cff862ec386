import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { architectureNames } from "../../../bench/fit/architectures.js";
import type { HeaderPlan } from "../../../src/gguf/encode-header.js";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { measureMemories, measureMemory } from "../../../src/hardware/memory/measure-memory.js";
import { memoryAt, peakBytes, residentBytes } from "../../../src/hardware/memory/memory-at.js";
import { simulateMemory } from "../../../src/llamacpp/memory/simulate-memory.js";
import { failureOf } from "../../fixtures/failure.js";
import { generatedModel } from "../../fixtures/generated-model.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
const cacheBefore = process.env.QUANTSMITH_CACHE;
let cache = 0;
beforeEach(() => {
  process.env.QUANTSMITH_CACHE = join(folder, `cache-${cache++}`);
});
afterAll(() => {
  if (cacheBefore === undefined) delete process.env.QUANTSMITH_CACHE;
  else process.env.QUANTSMITH_CACHE = cacheBefore;
});

const f16 = { kvType: "f16", flashAttention: true } as const;
const q8 = { kvType: "q8_0", flashAttention: true } as const;
const changed =
  (key: string, value: GgufValue) =>
  ({ metadata, tensors }: HeaderPlan): HeaderPlan => ({ metadata: new Map([...metadata, [key, value]]), tensors });

describe("measured memory", () => {
  test("has the cache of each architecture", { timeout: 300_000 }, async () => {
    const files = await Promise.all(architectureNames.map((name) => generatedModel(folder, name)));
    const models = await measureMemories(files);
    const kv = (name: string, context: number, setting: typeof f16 | typeof q8 = f16) => {
      const model = models[(architectureNames as readonly string[]).indexOf(name)];
      return model === undefined ? Number.NaN : memoryAt(model, { context, ...setting }).kvBytes;
    };
    // 6 layers, keys and values, 1 head of 64, F16.
    expect(kv("llama", 8192)).toBe(6 * 2 * 64 * 2 * 8192);
    expect(kv("llama", 8192, q8) / kv("llama", 8192)).toBeCloseTo(34 / 64, 2);
    // 5 of 6 layers store the window of 512 and a batch.
    expect(kv("gemma3", 8192)).toBe(2 * 128 * 2 * (8192 + 5 * 1024));
    expect(kv("qwen3moe", 4096)).toBe(6 * 2 * 2 * 64 * 2 * 4096);
    // One latent vector per token and layer, no values.
    expect(kv("deepseek2", 4096)).toBe(6 * (256 + 32) * 2 * 4096);
    // The state does not grow.
    expect(kv("mamba2", 512)).toBeGreaterThan(0);
    expect(kv("mamba2", 8192)).toBe(kv("mamba2", 512));
    // Attention in two layers and in one, with a state in the others.
    expect(kv("lfm2", 8192) - kv("lfm2", 4096)).toBe(2 * 2 * 2 * 64 * 2 * 4096);
    expect(kv("granitehybrid", 8192) - kv("granitehybrid", 4096)).toBe(2 * 2 * 64 * 2 * 4096);
    for (const { estimates, footprint } of models) {
      expect(estimates.length).toBeGreaterThanOrEqual(16);
      for (const estimate of estimates) {
        expect(estimate.weightsBytes).toBeGreaterThanOrEqual(0.98 * (footprint.fileBytes - 40_000));
        expect(estimate.computeBytes).toBeGreaterThan(0);
        expect(residentBytes(estimate)).toBeLessThanOrEqual(peakBytes(estimate));
      }
    }
  });

  test("is interpolated within a few percent, with flash attention never too low", {
    timeout: 300_000,
  }, async () => {
    for (const name of ["llama", "gemma3", "deepseek2", "granitehybrid"] as const) {
      const path = await generatedModel(folder, name);
      const contexts = [768, 1280, 2560, 3328, 5120, 7936];
      const configurations = [f16, q8, { ...f16, flashAttention: false }].flatMap((setting) =>
        contexts.map((context) => ({ context, ...setting })),
      );
      const model = await measureMemory(path);
      const truth = await measureMemory(path, { configurations });
      expect(truth.estimates).toHaveLength(configurations.length);
      for (const estimate of truth.estimates) {
        const memory = memoryAt(model, estimate);
        // Caches are logged in units of 0.01 MiB; the rounding error is in the other figure.
        const least = estimate.flashAttention ? peakBytes(estimate) - 1 : 0.985 * peakBytes(estimate);
        expect(peakBytes(memory)).toBeGreaterThanOrEqual(least);
        expect(peakBytes(memory)).toBeLessThanOrEqual(1.03 * peakBytes(estimate));
        expect(Math.abs(memory.kvBytes - estimate.kvBytes)).toBeLessThan(20_000);
      }
    }
  });

  test("has the same caches and compute buffers for variants measured together or alone", {
    timeout: 300_000,
  }, async () => {
    for (const name of ["llama", "qwen3moe"] as const) {
      const types = ["F16", "Q8_0", "Q4_0"];
      const files = await Promise.all(types.map((type) => generatedModel(folder, name, type)));
      const together = await measureMemories(files);
      process.env.QUANTSMITH_CACHE = join(folder, `alone-${name}`);
      for (const [i, file] of files.entries()) expect(await measureMemory(file)).toEqual(together[i]);
      expect(new Set(together.map(({ estimates }) => estimates[0]?.weightsBytes)).size).toBe(types.length);
    }
  });

  test("equals a simulation of the whole file with its vocabulary", { timeout: 300_000 }, async () => {
    const path = await generatedModel(folder, "gemma3");
    const { estimates } = await measureMemory(path);
    const [whole] = await simulateMemory([{ path, runs: estimates }], 512);
    if (whole === undefined || "rejected" in whole) throw new Error("llama.cpp rejected the file");
    expect(whole.weights).toBe(estimates[0]?.weightsBytes);
    expect(whole.runs).toEqual(estimates.map(({ kvBytes, computeBytes }) => ({ kv: kvBytes, compute: computeBytes })));
  });

  test("is cached, and a broken entry is simulated again", {
    timeout: 300_000,
  }, async () => {
    const path = await generatedModel(folder, "llama");
    const first = await measureMemory(path);
    const memory = join(process.env.QUANTSMITH_CACHE ?? "", "memory");
    const [entry] = await readdir(memory);
    const file = join(memory, entry ?? "");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"weights":\d+/, '"weights":1'));
    expect((await measureMemory(path)).estimates[0]?.weightsBytes).toBe(1);
    await writeFile(file, "{");
    expect(await measureMemory(path)).toEqual(first);
    const other = await generatedModel(folder, "llama", "Q4_0");
    expect((await measureMemory(other)).estimates[0]?.weightsBytes).toBeGreaterThan(1);
  });
});

describe("a file that cannot be measured", () => {
  test("fails before llama.cpp reads it if its header is invalid", async () => {
    const path = join(folder, "broken.gguf");
    await writeFile(path, Buffer.from("GGUF\u0003\0\0\0garbage"));
    expect((await failureOf(measureMemory(path))).code).toMatch(/^QS-GGUF-/);
  });

  test("fails with llama.cpp's reason", { timeout: 300_000 }, async () => {
    const path = await generatedModel(
      folder,
      "llama",
      "Q8_0",
      changed("general.architecture", { type: "string", value: "no-such-architecture" }),
    );
    const error = await failureOf(measureMemory(path));
    expect(error.code).toBe("QS-MEMORY-MODEL");
    expect(error.message).toMatch(/unknown model architecture/);
    expect(error.at?.file).toBe(path);
  });

  test("does not affect other files if llama.cpp crashes", { timeout: 300_000 }, async () => {
    // A failed assertion in llama.cpp aborts the process.
    const path = await generatedModel(
      folder,
      "llama",
      "Q8_0",
      changed("llama.block_count", { type: "uint32", value: 0 }),
    );
    const error = await failureOf(measureMemory(path));
    expect(error.code).toBe("QS-MEMORY-MODEL");
    expect(error.message).toMatch(/crashed \(SIGABRT\)/);
    const runs = [{ context: 512, ...f16 }];
    const [crashed, memory] = await simulateMemory(
      [path, await generatedModel(folder, "llama")].map((file) => ({ path: file, runs })),
      512,
    );
    expect(crashed).toHaveProperty("rejected");
    expect(memory).toHaveProperty("weights");
  });
});
