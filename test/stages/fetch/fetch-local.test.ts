import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { fetchLocal } from "../../../src/stages/fetch/fetch-local.js";
import { failureOf } from "../../fixtures/failure.js";
import { replacements } from "../../fixtures/replacements.js";
import { buildSafetensors } from "../../fixtures/safetensors-builder.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();

test.each(replacements)("weights that are %s after they were planned", async (_what, replace) => {
  const folder = mkdtempSync(join(home, "model-"));
  const contents = {
    "config.json": JSON.stringify({ architectures: ["LlamaForCausalLM"], model_type: "llama" }),
    "model.safetensors": buildSafetensors({ "model.embed_tokens.weight": [4, 4] }),
  };
  const files = Object.entries(contents).map(([path, content]) => {
    writeFileSync(join(folder, path), content);
    return { path, bytes: Buffer.byteLength(content), digest: `sha256:${"0".repeat(64)}` };
  });
  const params = { files, allowUnsafe: false, checkWeights: "full" as const };
  const run = { cwd: home, threads: 1 } as ToolRun;
  const fetch = () => fetchLocal.run(params, stageContext(run, { folder }));
  await fetch();
  replace(join(folder, "model.safetensors"));
  expect((await failureOf(fetch())).message).toBe('"model.safetensors" changed while fetch was reading it');
});
