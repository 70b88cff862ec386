import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { describePython } from "../../../src/llamacpp/python/python-env.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { convertUpstream } from "../../../src/stages/convert/convert-upstream.js";
import { checkpoint } from "../../fixtures/checkpoints/checkpoint.js";
import { convertCheckpoint } from "../../fixtures/checkpoints/convert-checkpoint.js";
import { makeCheckpoint } from "../../fixtures/checkpoints/make-checkpoint.js";
import { smallLlama } from "../../fixtures/checkpoints/small-llama.js";
import { askModel, somePrompt } from "../../fixtures/smoke-model.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
let run: ToolRun;

beforeAll(async () => {
  run = { toolchain: await resolveToolchain(), cwd: folder, threads: 1 };
});

test("a reranker of Qwen 3, recognized by its card whatever its name is, ranks the sentence pairs", async (context) => {
  const { problem } = await describePython();
  if (problem) return context.skip(`needs llama.cpp's converter: ${problem.message}`);
  const { config } = smallLlama({ architectures: ["Qwen3ForCausalLM"], model_type: "qwen3", head_dim: 64 });
  const made = checkpoint({
    name: "reranker",
    modelName: "Ranks-1M",
    config: config as Parameters<typeof checkpoint>[0]["config"],
    traits: { headNorms: true },
    tokenizer: "tiny-llama",
    extra: { "README.md": "---\nlicense: apache-2.0\n---\n# Qwen3-Reranker-0.6B\n" },
  });
  const snapshot = join(folder, "snapshot");
  await makeCheckpoint(snapshot, made);
  const model = await convertCheckpoint(convertUpstream, made, snapshot, run);
  const { problem: failure, similarities, replies } = await askModel(folder, model, [somePrompt("Who is there?")]);
  expect(failure).toBeNull();
  expect(similarities).toHaveLength(20);
  for (const score of similarities ?? []) expect(score).toBeGreaterThanOrEqual(0);
  expect(replies).toMatchObject([{ kind: "embedding", vector: expect.any(Array) }]);
});
