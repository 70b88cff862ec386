import { expect, test } from "vitest";
import { gpuLoads } from "../../../src/hardware/fit/gpu-loads.js";
import type { MemoryEstimate, ModelMemory } from "../../../src/hardware/memory/memory.js";

const estimate: MemoryEstimate = {
  context: 4096,
  kvType: "f16",
  flashAttention: true,
  weightsBytes: 50,
  kvBytes: 10,
  computeBytes: 1,
  overheadBytes: 0,
  projectorBytes: 0,
};
const model: ModelMemory = {
  footprint: {
    architecture: "llama",
    fileBytes: 50,
    trainedContext: 4096,
    types: { Q8_0: 50 },
    layerBytes: new Array<number>(10).fill(4),
    expertBytes: new Array<number>(10).fill(0),
    experts: null,
    hostBytes: 1,
    outputBytes: 9,
    activeBytes: 49,
  },
  estimates: [],
};

test("with fewer items than GPUs, the output is on the GPU of its item", () => {
  const { gpus } = gpuLoads(model, estimate, { offloaded: 2, expertsOnCpu: 0 }, 4);
  // Item i of 2 is on GPU ⌊i · 4 / 2⌋: the block on the first, the output on the third.
  expect(gpus.map((bytes) => bytes > 0)).toEqual([true, false, true, false]);
  expect(gpus[2]).toBeGreaterThanOrEqual(9);
});
