import { expect, test } from "vitest";
import { readGguf } from "../../../src/gguf/read-header.js";
import { overheadBytes } from "../../../src/hardware/memory/overhead.js";
import { workBytes } from "../../../src/hardware/memory/work-buffer.js";
import { generatedModel } from "../../fixtures/generated-model.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
const flash = { context: 2048, kvType: "f16", flashAttention: true } as const;

test("contains a batch of the widest activations, in the type of the dot product", async () => {
  const [f16, q8, k4] = await Promise.all(
    ["F16", "Q8_0", "Q4_K"].map(async (type) => readGguf(await generatedModel(folder, "llama", type))),
  );
  if (!f16 || !q8 || !k4) throw new Error("no models");
  expect(workBytes(f16, flash)).toBe(512 * 1024 * 2);
  expect(workBytes(q8, flash)).toBe((512 * 1024 * 36) / 32);
  expect(workBytes(k4, flash)).toBe((512 * 1024 * 292) / 256);
  expect(workBytes(f16, { ...flash, context: 256 })).toBe(256 * 1024 * 2);
});

test("contains the scores of all heads without flash attention", async () => {
  const gguf = await readGguf(await generatedModel(folder, "llama"));
  expect(workBytes(gguf, { ...flash, flashAttention: false })).toBe(512 * 2048 * 4 * 2);
});

test("contains separate activations for each used expert", async () => {
  const gguf = await readGguf(await generatedModel(folder, "qwen3moe", "F16"));
  expect(workBytes(gguf, flash)).toBe(512 * (1024 / 4) * 4 * 2);
});

test("the overhead grows with the vocabulary and with the context", async () => {
  const gguf = await readGguf(await generatedModel(folder, "llama"));
  const base = overheadBytes(gguf, flash);
  expect(overheadBytes(gguf, { ...flash, context: 4096 })).toBeGreaterThan(base);
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type !== "array") throw new Error("no vocabulary");
  const twice = new Map([
    ...gguf.metadata,
    ["tokenizer.ggml.tokens", { ...tokens, items: [...tokens.items, ...tokens.items] }],
  ] as const);
  expect(overheadBytes({ ...gguf, metadata: twice }, flash)).toBeGreaterThan(base);
});
