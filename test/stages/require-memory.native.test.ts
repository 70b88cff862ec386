import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Compute } from "../../src/llamacpp/compute/compute.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { stageContext } from "../fixtures/stage-context.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

/* The check against the memory of a small machine, with llama.cpp's own allocator. */
const machine = vi.hoisted(() => {
  vi.resetModules();
  return { bytes: 0 };
});
vi.mock("../../src/util/usable-memory.js", () => ({ usableMemoryBytes: async () => machine.bytes }));
const { requireMemory } = await import("../../src/stages/require-memory.js");
const { quantize } = await import("../../src/llamacpp/quantize.js");

let run: ToolRun;
beforeAll(async () => {
  run = { ...(await makeTinyModel(temporaryFolder())), threads: 1 };
  await quantize({ ...run, model: "model.gguf", out: "q8.gguf", type: "Q8_0" });
});
beforeEach(() => {
  machine.bytes = 64e9;
});
afterAll(() => vi.resetModules());

async function check(model: string, requiresMemory: boolean, compute?: Compute): Promise<string[]> {
  const notes: string[] = [];
  const inputs = { model: join(run.cwd, model) };
  const change = { requiresMemory, note: (text: string) => void notes.push(text) };
  await requireMemory(stageContext({ ...run, ...(compute && { compute }) }, inputs, change), 512);
  return notes;
}

test("a base that fits needs nothing; one that does not names what it needs, what there is, and what to set", async () => {
  expect(await check("model.gguf", true)).toEqual([]);
  machine.bytes = 40e6;
  await expect(check("model.gguf", true)).rejects.toMatchObject({
    code: "QS-COMPUTE-BASE",
    message: expect.stringMatching(
      /^evaluating the model needs [\d.]+ MB of memory, [\d.]+ MB of it for the weights, and this machine has 40\.0 MB$/,
    ),
  });
  machine.bytes = 45e6;
  await expect(check("model.gguf", true)).rejects.toMatchObject({
    remedy: expect.stringMatching(/^Set `compute: \{ base: Q8_0 \}` in the recipe, which needs about [\d.]+ MB, or/),
  });
  await expect(check("q8.gguf", true)).rejects.toMatchObject({
    remedy: expect.stringMatching(/^Use a machine with more memory, or set `compute: \{ base: 16bit \}`/),
  });
});

test("without the requirement a note says that the disk is read again", async () => {
  machine.bytes = 40e6;
  expect(await check("model.gguf", false)).toEqual([
    expect.stringMatching(/^warning: evaluating the model needs .* for each batch$/),
  ]);
});

test("the memory of devices counts, but not that of Metal, which is the host's", async () => {
  machine.bytes = 40e6;
  const device = {
    backend: "cuda" as const,
    name: "CUDA0",
    description: "card",
    id: null,
    totalBytes: 24e9,
    freeBytes: 20e9,
  };
  const placement = { gpuLayers: "auto" as const, mainGpu: null, tensorSplit: null, cpuMoe: "auto" as const };
  const compute = { devices: [device], library: null, driver: null, placement };
  expect(await check("model.gguf", true, { ...compute, backend: "cuda" })).toEqual([]);
  await expect(check("model.gguf", true, { ...compute, backend: "metal" })).rejects.toMatchObject({
    code: "QS-COMPUTE-BASE",
  });
});
