import { expect, test } from "vitest";
import { failureOf } from "../fixtures/failure.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = (name: string) =>
  `version: 1\nmodel: { source: ./m, name: ${name} }\nvariants: [Q8_0]\ngates:\n  cosineToBase: { min: 0.9 }\n`;
const file = (path: string) => ({ path, bytes: 1, digest: "sha256:0" });
const gguf = { gguf: ["m.gguf"], files: [file("m.gguf")], config: null };
const qwen = { config: { architectures: ["Qwen3ForCausalLM"] } };

test.each([
  ["a checkpoint", qwen],
  ["a GGUF file", { ...gguf, kind: "text" as const }],
])("a gate of vectors is refused in the plan for %s that generates text", async (_what, model) => {
  expect(await failureOf(planned(recipe("M"), model))).toMatchObject({
    ...{ code: "QS-RECIPE-INVALID", message: expect.stringContaining("generates text"), at: { line: 5 } },
    remedy: expect.stringContaining("gates.cosineToBase"),
  });
});

test.each([
  ["an embedding model", "M", { ...qwen, files: [file("modules.json")] }],
  ["a reranker", "Qwen3-Reranker-4B", qwen],
  ["an encoder", "M", { config: { architectures: ["BertModel"] } }],
  ["a GGUF file with a pooling", "M", { ...gguf, kind: "embedding" as const }],
])("%s may have one", async (_what, name, model) => {
  await planned(recipe(name), model);
});
