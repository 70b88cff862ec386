import { copyFile, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readGguf } from "../../src/gguf/read-header.js";
import { type NewTensor, writeGguf } from "../../src/gguf/write-gguf.js";
import { extractChunks } from "../../src/llamacpp/base-logits.js";
import type { Compute } from "../../src/llamacpp/compute/compute.js";
import { resolveCompute } from "../../src/llamacpp/compute/resolve-compute.js";
import { measureKld } from "../../src/llamacpp/kl-divergence.js";
import { saveBaseLogits } from "../../src/llamacpp/perplexity.js";
import { ProbeTool, type TensorValues } from "../../src/llamacpp/probe.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { knownType } from "../../src/quant/ggml-types.js";
import { ProbeValues } from "../../src/stages/allocate/probe-values.js";
import { openSource, withPool } from "../../src/stages/ggml-source.js";
import { sha256 } from "../../src/util/sha256.js";
import { failureOf } from "../fixtures/failure.js";
import { stageContext } from "../fixtures/stage-context.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";
import { firstVulkanDevice } from "../fixtures/vulkan.js";

const folder = temporaryFolder();
const base = { model: "model.gguf", base: "base.kld" };
const damaged = new Map([
  ["token_embd.weight", "Q2_K"],
  ["blk.0.attn_v.weight", "Q2_K"],
  ["blk.3.ffn_down.weight", "Q1_0"],
]);
const nothing = { write: [], restore: [] };
let run: ToolRun;
let values: readonly TensorValues[];

/** Quantizes tensors of a model; returns where their values are in the working folder. */
async function valuesOf(model: string, types: ReadonlyMap<string, string>): Promise<readonly TensorValues[]> {
  const context = { ...stageContext(run, { model: join(folder, model) }), work: folder };
  const source = await openSource(context);
  const { write } = await withPool(context, (pool) => new ProbeValues(context, source, pool).changeTo(types));
  const file = `${model}.values`;
  await rename(join(folder, "values.bin"), join(folder, file));
  return write.map((each) => ({ ...each, file }));
}

/** Writes the damaged model as a file, for llama-perplexity. */
async function writeDamaged(model: string, to: string, changes: readonly TensorValues[]): Promise<void> {
  await copyFile(join(folder, model), join(folder, to));
  const { tensors } = await readGguf(join(folder, to));
  const bytes = await readFile(join(folder, `${model}.values`));
  const file = await open(join(folder, to), "r+");
  for (const [i, { tensor, offset }] of changes.entries()) {
    const place = tensors.find(({ name }) => name === tensor)?.offset ?? -1;
    await file.write(bytes, offset, (changes[i + 1]?.offset ?? bytes.length) - offset, place);
  }
  await file.close();
}

async function logits(model: string, out: string, chunks: number): Promise<void> {
  await saveBaseLogits({ ...run, model, text: "calibration.txt", out, chunks, context: 512 });
}

beforeAll(async () => {
  run = await makeTinyModel(folder);
  // llama-perplexity evaluates four chunks of 512 tokens together, and the fifth alone.
  await logits("model.gguf", "base.kld", 5);
  values = await valuesOf("model.gguf", damaged);
});

test("a probe measures llama-perplexity's divergence of the damaged file, and restores the model exactly", async () => {
  await writeDamaged("model.gguf", "damaged.gguf", values);
  const before = sha256(await readFile(join(folder, "model.gguf")));
  const tool = new ProbeTool({ ...run, ...base });
  const floor = await tool.measure(nothing);
  const probe = await tool.measure({ write: values, restore: [] });
  const restored = await tool.measure({ write: [], restore: [...damaged.keys()] });
  const again = await tool.measure({ write: values, restore: [] });
  expect((await tool.finish())?.peakMemoryBytes).toBeGreaterThan(0);
  expect(restored).toEqual(floor);
  expect(again).toEqual(probe);
  expect(sha256(await readFile(join(folder, "model.gguf")))).toBe(before);

  const theirs = await measureKld({ ...run, model: "damaged.gguf", base: "base.kld" });
  expect(Math.abs(probe.kld - theirs.figures.kldMean)).toBeLessThan(1e-6);
  expect(Math.abs(probe.kldError - theirs.figures.kldMeanError)).toBeLessThan(1e-6);
  expect([probe.tokens, probe.chunks.length]).toEqual([5 * 255, 5]);
  const theirFloor = await measureKld({ ...run, model: "model.gguf", base: "base.kld" });
  expect(Math.abs(floor.kld - theirFloor.figures.kldMean)).toBeLessThan(1e-6);

  // Chunks of the same batches, since rounding depends on the batch.
  for (const [name, chunks] of Object.entries({ four: [0, 1, 2, 3], one: [4] })) {
    await extractChunks(join(folder, "base.kld"), join(folder, `${name}.kld`), chunks);
    const part = await measureKld({ ...run, model: "damaged.gguf", base: `${name}.kld` });
    const mean = chunks.reduce((sum, chunk) => sum + (probe.chunks[chunk] ?? 0), 0) / chunks.length;
    expect(Math.abs(mean - part.figures.kldMean), name).toBeLessThan(1e-6);
  }
});

test("experts, which are tensors of three dimensions", async () => {
  await writeMixture("experts.gguf");
  await logits("experts.gguf", "experts.kld", 1);
  const changes = await valuesOf("experts.gguf", new Map([["blk.1.ffn_down_exps.weight", "Q2_K"]]));
  await writeDamaged("experts.gguf", "damaged-experts.gguf", changes);
  const tool = new ProbeTool({ ...run, model: "experts.gguf", base: "experts.kld" });
  const probe = await tool.measure({ write: changes, restore: [] });
  await tool.finish();
  const theirs = await measureKld({ ...run, model: "damaged-experts.gguf", base: "experts.kld" });
  expect(theirs.figures.kldMean).toBeGreaterThan(1e-4);
  expect(Math.abs(probe.kld - theirs.figures.kldMean)).toBeLessThan(1e-6);
});

test("a model with NaN weights is an error", async () => {
  await writeFile(join(folder, "nan.bin"), Buffer.alloc(256 * 1024 * 2, 0xff));
  const tool = new ProbeTool({ ...run, ...base });
  const write = [{ tensor: "blk.0.attn_q.weight", file: "nan.bin", offset: 0 }];
  const failure = await failureOf(tool.measure({ write, restore: [] }));
  await tool.stop();
  expect(failure).toMatchObject({ code: "QS-VALIDATE-NAN", remedy: expect.stringContaining("bf16") });
  expect(failure.message).toContain("blk.0.attn_q.weight");
});

test("requests that fail", async () => {
  const failing = async (options: typeof base, change: object = nothing) => {
    const tool = new ProbeTool({ ...run, ...options });
    const failure = await failureOf(tool.measure(change as typeof nothing));
    await tool.stop();
    return `${failure.code} ${failure.message} ${failure.output}`;
  };
  const write = (tensor: string, file: string, offset = 0) => ({ write: [{ tensor, file, offset }], restore: [] });
  expect(await failing(base, write("blk.9.attn_q.weight", "base.kld"))).toContain("has no tensor blk.9");
  expect(await failing(base, write("blk.0.attn_q.weight", "base.kld", 1 << 30))).toContain("failed to read");
  expect(await failing(base, write("blk.0.attn_q.weight", "missing.bin"))).toContain("failed to read");
  await writeFile(join(folder, "cut.kld"), (await readFile(join(folder, "base.kld"))).subarray(0, 4_000_000));
  expect(await failing({ ...base, base: "cut.kld" })).toContain(
    "QS-VALIDATE-FAILED cut.kld is not a complete base logits file",
  );
  await writeFile(join(folder, "cut.gguf"), (await readFile(join(folder, "model.gguf"))).subarray(0, 4_000_000));
  expect(await failing({ ...base, model: "cut.gguf" })).toMatch(/^QS-GGUF-TRUNCATED/);
});

test("an abort ends the process and rejects with its reason", async () => {
  const abort = new AbortController();
  const tool = new ProbeTool({ ...run, ...base, signal: abort.signal });
  const measured = tool.measure(nothing);
  abort.abort(new Error("stopped"));
  await expect(measured).rejects.toThrow("stopped");
  await tool.stop();
});

test("layers before the changed tensor are skipped without a change of the result", async () => {
  const late = values.filter(({ tensor }) => tensor === "blk.3.ffn_down.weight");
  const request = (write: readonly TensorValues[], restore: readonly string[] = []) => ({ write, restore });
  const fresh = new ProbeTool({ ...run, ...base });
  // The first evaluation of a process computes all layers.
  const expected = await fresh.measure(request(late));
  await fresh.finish();
  const tool = new ProbeTool({ ...run, ...base });
  const floor = await tool.measure(nothing);
  for (let repeat = 0; repeat < 2; repeat++) expect(await tool.measure(request(late))).toEqual(expected);
  const all = await tool.measure(request(values));
  expect(all.kld).toBeGreaterThan(expected.kld);
  const others = [...damaged.keys()].filter((name) => name !== "blk.3.ffn_down.weight");
  expect(await tool.measure(request([], others))).toEqual(expected);
  expect(await tool.measure(request([], ["blk.3.ffn_down.weight"]))).toEqual(floor);
  await tool.finish();
});

test("tensors on a device are overwritten and restored", async (context) => {
  const backend = await firstVulkanDevice();
  context.skip("skipped" in backend, "skipped" in backend ? backend.skipped : "");
  const settings = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
  const { compute } = await resolveCompute({ ...settings, device: "vulkan" }, run.toolchain);
  const text = { model: "model.gguf", text: "calibration.txt", out: "short.kld", chunks: 1, context: 64 };
  await saveBaseLogits({ ...run, ...text });
  const measured = async (options: { compute?: Compute }) => {
    const layers: number[] = [];
    const onLayers = (count: number) => void layers.push(count);
    const tool = new ProbeTool({ ...run, model: "model.gguf", base: "short.kld", onLayers, ...options });
    const floor = await tool.measure(nothing);
    const probe = await tool.measure({ write: values, restore: [] });
    const restored = await tool.measure({ write: [], restore: [...damaged.keys()] });
    const { argv } = (await tool.finish()) ?? { argv: [] };
    expect(restored).toEqual(floor);
    return { floor, probe, argv, layers };
  };
  const [device, cpu] = [await measured({ compute }), await measured({})];
  expect(device.argv).toContain("Vulkan0");
  expect([device.layers, cpu.layers]).toEqual([[7], []]);
  expect(device.floor.kld).toBeLessThan(0.05 * cpu.probe.kld);
  expect(Math.abs(device.probe.kld / cpu.probe.kld - 1)).toBeLessThan(0.05);
});

/** Writes the model with every feed-forward layer as two equal experts. */
async function writeMixture(to: string): Promise<void> {
  const { metadata, tensors, path } = await readGguf(join(folder, "model.gguf"));
  const mixed = new Map(metadata);
  mixed.set("llama.expert_count", { type: "uint32", value: 2 });
  mixed.set("llama.expert_used_count", { type: "uint32", value: 2 });
  const bytes = await readFile(path);
  const ends = [...tensors.map(({ offset }) => offset), bytes.length].sort((a, b) => a - b);
  await writeGguf(join(folder, to), {
    metadata: mixed,
    tensors: tensors.flatMap(({ name, shape, type, offset }): NewTensor[] => {
      const data = { path, offset };
      const [, layer, matrix] = /^blk\.(\d+)\.ffn_(gate|up|down)\.weight$/.exec(name) ?? [];
      if (layer === undefined) return [{ name, shape, type, data }];
      const one = bytes.subarray(
        offset,
        ends.find((end) => end > offset),
      );
      const experts = {
        name: `blk.${layer}.ffn_${matrix}_exps.weight`,
        shape: [...shape, 2],
        type,
        data: twice(one.subarray(0, (shape[0] ?? 0) * (shape[1] ?? 0) * 2)),
      };
      if (matrix !== "gate") return [experts];
      const router = Buffer.alloc((shape[0] ?? 0) * 2 * 4);
      const routerType = knownType("F32");
      return [
        experts,
        { name: `blk.${layer}.ffn_gate_inp.weight`, shape: [shape[0] ?? 0, 2], type: routerType, data: once(router) },
      ];
    }),
  });
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function* twice(bytes: Uint8Array) {
  yield bytes;
  yield bytes;
}
