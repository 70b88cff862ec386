import { expect, test } from "vitest";
import type { Gguf, GgufValue } from "../../../src/gguf/gguf.js";
import { memoryLimit } from "../../../src/stages/smoke/memory-limit.js";

function model(fileBytes: number, figures: Record<string, number>): Gguf {
  const metadata = new Map<string, GgufValue>([["general.architecture", { type: "string", value: "x" }]]);
  for (const [key, value] of Object.entries(figures)) metadata.set(`x.${key}`, { type: "uint32", value });
  return { path: "m", version: 3, metadata, tensors: [], alignment: 32, dataOffset: 0, fileBytes };
}

test("the limit is twice the file, the cache of all heads and a margin", () => {
  const margin = memoryLimit(model(0, {}), 2048, "cpu");
  expect(margin).toBeGreaterThan(1e9);
  expect(memoryLimit(model(4e9, {}), 2048, "cpu")).toBe(margin + 8e9);
  // 2 (keys and values) x 2 bytes x 36 layers x 32 heads of 128 x 2048 tokens
  const qwen = { block_count: 36, embedding_length: 2560, "attention.head_count": 32, "attention.key_length": 128 };
  expect(memoryLimit(model(0, qwen), 2048, "cpu")).toBe(margin + 2 * 2 * 36 * 32 * 128 * 2048);
});
