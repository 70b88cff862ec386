import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { editGguf } from "../../src/gguf/edit/edit-gguf.js";
import { completeText } from "../../src/llamacpp/completion.js";
import { computeImatrix } from "../../src/llamacpp/imatrix.js";
import { measureKld } from "../../src/llamacpp/kl-divergence.js";
import { saveBaseLogits } from "../../src/llamacpp/perplexity.js";
import { sha256File } from "../../src/util/sha256.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

test("a model that ends every text with EOS is measured as without", async () => {
  const cwd = temporaryFolder();
  const run = { ...(await makeTinyModel(cwd)), threads: 1 };
  copyFileSync(join(cwd, "model.gguf"), join(cwd, "eos.gguf"));
  await editGguf(join(cwd, "eos.gguf"), [
    { kind: "set", key: "tokenizer.ggml.add_eos_token", type: "bool", text: "true" },
  ]);
  const text = { text: "calibration.txt", chunks: 2, context: 128 };
  const measure = async (name: string) => {
    const model = { ...run, model: `${name}.gguf` };
    const imatrix = await computeImatrix({ ...model, ...text, out: `${name}-imatrix.gguf` });
    const base = await saveBaseLogits({ ...model, ...text, out: `${name}.kld` });
    const { figures } = await measureKld({ ...model, base: `${name}.kld` });
    return {
      perplexities: [imatrix.perplexity, base.perplexity],
      figures,
      logits: await sha256File(join(cwd, `${name}.kld`)),
      overrides: [imatrix, base].map(({ argv }) => argv.includes("--override-kv")),
    };
  };
  const usual = await measure("model");
  expect(await measure("eos")).toEqual({ ...usual, overrides: [true, true] });
  expect(usual.overrides).toEqual([false, false]);
  writeFileSync(join(cwd, "prompt.txt"), "The capital of");
  const sample = { prompt: "prompt.txt", tokens: 4, seed: 1, temperature: 0 };
  const { text: sampled } = await completeText({ ...run, ...sample, model: "eos.gguf" });
  expect(sampled).toMatch(/The capital of \w/);
});
