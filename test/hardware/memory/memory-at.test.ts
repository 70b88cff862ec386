import { expect, test } from "vitest";
import type { MemoryEstimate, ModelMemory } from "../../../src/hardware/memory/memory.js";
import { memoryAt, peakBytes, residentBytes } from "../../../src/hardware/memory/memory-at.js";

const setting = { kvType: "f16", flashAttention: true } as const;
const point = (context: number, kvBytes: number): MemoryEstimate => ({
  ...setting,
  context,
  weightsBytes: 1000,
  kvBytes,
  computeBytes: 100,
  untouchedBytes: 60,
  overheadBytes: 10,
  projectorBytes: 5,
});
/** A model with a sliding window that is full at 1024 tokens. */
const model: ModelMemory = {
  footprint: {
    architecture: "llama",
    fileBytes: 1100,
    trainedContext: 8192,
    types: {},
    layerBytes: [],
    expertBytes: [],
    experts: null,
    hostBytes: 0,
    outputBytes: 0,
    activeBytes: 1000,
  },
  estimates: [point(256, 256), point(1024, 1024), point(4096, 1024 + 512)],
};

test("returns a simulated context unchanged", () => {
  expect(memoryAt(model, { ...setting, context: 1024 })).toEqual(point(1024, 1024));
});

test("interpolates linearly, at the next multiple of 256", () => {
  expect(memoryAt(model, { ...setting, context: 2048 }).kvBytes).toBe(1024 + Math.ceil(512 / 3));
  expect(memoryAt(model, { ...setting, context: 513 })).toEqual({ ...point(513, 768) });
});

test("uses the first point below it, and extrapolates beyond the last", () => {
  expect(memoryAt(model, { ...setting, context: 100 }).kvBytes).toBe(256);
  expect(memoryAt(model, { ...setting, context: 7168 }).kvBytes).toBe(2048);
});

test("the peak is the sum of the parts; resident bytes exclude untouched ones", () => {
  expect(peakBytes(point(256, 256))).toBe(1371);
  expect(residentBytes(point(256, 256))).toBe(1311);
});

test("a setting that llama.cpp cannot run has no memory", () => {
  const other = { kvType: "q8_0", flashAttention: true } as const;
  expect(() => memoryAt(model, { ...other, context: 512 })).toThrow(/no simulation with a q8_0 cache/);
});
