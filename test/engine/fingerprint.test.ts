import { describe, expect, test } from "vitest";
import { keyStep } from "../../src/engine/fingerprint.js";
import { onDevice, somePlan, someStep } from "../fixtures/plan.js";

const keyOf = (step: Parameters<typeof someStep>[0] = {}, plan: Parameters<typeof somePlan>[1] = {}) => {
  const built = someStep(step);
  return keyStep(built, somePlan([built], plan), new Map([["before", "k1"]])).key;
};

const reads = { model: { kind: "step", step: "before", file: "model.gguf", optional: false } } as const;

describe("the key of a step", () => {
  const reference = keyOf({ inputs: reads });

  test.each([
    ["stage", { stage: "smoke" as const }],
    ["version", { version: 2 }],
    ["a parameter", { params: { preset: "Q4_K_S" } }],
    ["the output it reads", { inputs: { model: { ...reads.model, file: "other.gguf" } } }],
    ["an input's name", { inputs: { other: reads.model } }],
    ["an outside file", { inputs: { ...reads, text: { kind: "outside", path: "/a", digest: "1" } as const } }],
    ["the tools it uses", { tools: ["llama.cpp", "node-llama-cpp"] as const }],
  ])("changes with %s", (_what, change) => {
    expect(keyOf({ inputs: reads, ...change })).not.toBe(reference);
  });

  test("changes only with the digest of a tool it uses", () => {
    const digests = { "llama.cpp": "other", converter: "c", pretokenizers: "p", "node-llama-cpp": "n" };
    expect(keyOf({ inputs: reads }, { toolDigests: digests })).not.toBe(reference);
    expect(keyOf({ inputs: reads }, { toolDigests: { ...digests, "llama.cpp": "l", converter: "x" } })).toBe(reference);
  });

  test("changes with the backend, except the CPU, of a step that evaluates a model", () => {
    const evaluates = { inputs: reads, usesDevices: true };
    expect(keyOf(evaluates, onDevice("cpu"))).toBe(reference);
    const keys = [reference, keyOf(evaluates, onDevice("vulkan")), keyOf(evaluates, onDevice("cuda"))];
    expect(new Set(keys).size).toBe(3);
    expect(keyOf({ inputs: reads }, onDevice("vulkan"))).toBe(reference);
  });

  test("changes with the key of the step it reads from", () => {
    const step = someStep({ inputs: reads });
    const key = (before: string) => keyStep(step, somePlan([step]), new Map([["before", before]])).key;
    expect(key("k1")).not.toBe(key("k2"));
  });

  test.each([
    ["its id", { id: "quantize:other" }],
    ["the variant's name", { variant: "Other" }],
    ["predicted bytes", { predictedBytes: 5 }],
    ["the order of parameters", { params: { rules: [], preset: "Q4_K_M" } }],
  ])("does not change with %s", (_what, change) => {
    expect(keyOf({ inputs: reads, params: { preset: "Q4_K_M", rules: [] }, ...change })).toBe(
      keyOf({ inputs: reads, params: { preset: "Q4_K_M", rules: [] } }),
    );
  });

  test("does not change with the path of an outside file", () => {
    const text = (path: string) => ({ inputs: { text: { kind: "outside", path, digest: "1" } as const } });
    expect(keyOf(text("/a"))).toBe(keyOf(text("/b")));
  });
});
