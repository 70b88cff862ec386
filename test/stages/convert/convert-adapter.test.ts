import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Toolchain } from "../../../src/llamacpp/toolchain/tools.js";
import { convertAdapter } from "../../../src/stages/convert/convert-adapter.js";
import { processName } from "../../../src/util/process-identity.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { buildSafetensors } from "../../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const name = "base_model.model.model.layers.0.self_attn.q_proj";

/** Ends at the missing converter, after everything that needs no Python. */
async function attempt(outFolder: string): Promise<string> {
  const home = temporaryFolder();
  put(join(home, "adapter", "adapter_config.json"), JSON.stringify({ peft_type: "LORA", r: 4, lora_alpha: 8 }));
  const weights = buildSafetensors({ [`${name}.lora_A.weight`]: [4, 8], [`${name}.lora_B.weight`]: [8, 4] });
  put(join(home, "adapter", "adapter_model.safetensors"), weights);
  put(join(home, "base", "config.json"), JSON.stringify({ architectures: ["LlamaForCausalLM"] }));
  const run = convertAdapter({
    ...{ adapter: join(home, "adapter"), base: join(home, "base"), outFile: join(outFolder, "a.gguf"), outtype: "f16" },
    toolchain: { tools: {} } as unknown as Toolchain,
    python: { path: "python", version: "3.12.0", digest: "" },
    ...{ threads: 1, signal: new AbortController().signal },
  });
  return (await failureOf(run)).code;
}

test("what a killed conversion left beside the output is removed; folders of living processes and of others stay", async () => {
  const folder = temporaryFolder();
  const pid = execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }).trim();
  const living = `.convert-lora-${processName()}-0a1b2c3d`;
  const dead = living.replace(/-\d+-\d+-/, `-${pid}-1-`);
  const kept = [living, ".convert-lora-AbC123", `${dead}-mine`, dead.replace(".convert-lora", "run")];
  for (const entry of [dead, ...kept]) {
    mkdirSync(join(folder, entry, "adapter"), { recursive: true });
    writeFileSync(join(folder, entry, "adapter", "file"), "");
  }
  expect(await attempt(folder)).toBe("QS-TOOL-CONVERTER");
  expect(readdirSync(folder).sort()).toEqual(kept.sort());
});
