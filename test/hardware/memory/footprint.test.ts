import { describe, expect, test } from "vitest";
import { architectureNames } from "../../../bench/fit/architectures.js";
import type { HeaderPlan } from "../../../src/gguf/encode-header.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { footprintOf } from "../../../src/hardware/memory/footprint.js";
import { generatedModel } from "../../fixtures/generated-model.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const read = async (...model: Parameters<typeof generatedModel> extends [string, ...infer Rest] ? Rest : never) =>
  readGguf(await generatedModel(folder, ...model));

describe("a footprint", () => {
  test.each(architectureNames)("counts every byte of a %s model once", async (architecture) => {
    const gguf = await read(architecture);
    const { layerBytes, hostBytes, outputBytes, types, fileBytes } = footprintOf(gguf);
    const tensors = sum(gguf.tensors.map(({ bytes }) => bytes));
    const embedding = gguf.tensors.find(({ name }) => name === "token_embd.weight")?.bytes ?? 0;
    const tied = !gguf.tensors.some(({ name }) => name === "output.weight");
    expect(sum(layerBytes) + hostBytes + outputBytes).toBe(tensors + (tied ? embedding : 0));
    expect(hostBytes).toBe(embedding);
    expect(layerBytes).toHaveLength(6);
    expect(sum(Object.values(types))).toBe(tensors);
    expect(fileBytes).toBe(gguf.fileBytes);
  });

  test("a dense model reads all weights but its embedding per token, a tied one all", async () => {
    const apart = footprintOf(await read("llama"));
    expect(apart.activeBytes).toBe(sum(apart.layerBytes) + apart.outputBytes);
    expect(apart.experts).toBeNull();
    const tied = footprintOf(await read("gemma3"));
    expect(tied.outputBytes).toBeGreaterThan(tied.hostBytes);
    expect(tied.activeBytes).toBe(sum(tied.layerBytes) + tied.outputBytes);
  });

  test("a token reads 4 of 16 experts", async () => {
    const moe = footprintOf(await read("qwen3moe"));
    expect(moe.experts).toEqual({ count: 16, used: 4 });
    expect(sum(moe.expertBytes)).toBeGreaterThan(0.5 * sum(moe.layerBytes));
    expect(moe.activeBytes).toBe(sum(moe.layerBytes) + moe.outputBytes - 0.75 * sum(moe.expertBytes));
  });

  test("shared experts and the dense first layer are always read", async () => {
    const mla = footprintOf(await read("deepseek2"));
    expect(mla.expertBytes[0]).toBe(0);
    expect(mla.activeBytes).toBe(sum(mla.layerBytes) + mla.outputBytes - 0.75 * sum(mla.expertBytes));
  });

  test("the number of used experts can differ by layer", async () => {
    const used: HeaderPlan["metadata"] extends ReadonlyMap<string, infer V> ? V : never = {
      type: "array",
      itemType: "uint32",
      items: [4, 4, 4, 4, 4, 16],
    };
    const moe = footprintOf(
      await read("qwen3moe", "Q8_0", ({ metadata, tensors }) => ({
        metadata: new Map([...metadata, ["qwen3moe.expert_used_count", used]]),
        tensors,
      })),
    );
    const unused = 0.75 * sum(moe.expertBytes.slice(0, 5));
    expect(moe.activeBytes).toBe(sum(moe.layerBytes) + moe.outputBytes - unused);
  });

  test("blocks that predict further tokens are excluded, as in llama.cpp", async () => {
    const model = footprintOf(
      await read("llama", "Q8_0", ({ metadata, tensors }) => ({
        metadata: new Map([...metadata, ["llama.nextn_predict_layers", { type: "uint32", value: 1 }]]),
        tensors,
      })),
    );
    expect(model.layerBytes).toHaveLength(5);
  });

  test("a trained context of 0 is unknown", async () => {
    const model = footprintOf(
      await read("llama", "Q8_0", ({ metadata, tensors }) => ({
        metadata: new Map([...metadata, ["llama.context_length", { type: "uint32", value: 0 }]]),
        tensors,
      })),
    );
    expect(model.trainedContext).toBeNull();
  });

  test("an invalid block number allocates no memory", async () => {
    const model = footprintOf(
      await read("llama", "Q8_0", ({ metadata, tensors }) => ({
        metadata,
        tensors: [
          ...tensors,
          { name: "blk.4000000000.attn_norm.weight", shape: [256], type: tensors[1]?.type ?? never() },
        ],
      })),
    );
    expect(model.layerBytes.length).toBeLessThan(100);
  });
});

function never(): never {
  throw new Error("the model has no tensors");
}
