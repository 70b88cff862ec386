import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { pinnedQuantization } from "../../../src/llamacpp/toolchain/pinned-quantization.js";
import { readQuantizationMethods } from "../../../src/llamacpp/toolchain/quantization-methods.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

test("the methods are those that the converter compares with in its source", async () => {
  const toolchain = await resolveToolchain();
  const found = await readQuantizationMethods(toolchain);
  // What `plan` knows before the tools are built.
  expect(found).toEqual(pinnedQuantization);
  const base = readFileSync(join(dirname(toolchain.scripts?.converter ?? ""), "conversion", "base.py"), "utf8");
  const compared = [...base.matchAll(/\bquant_method == "([^"]+)"/g)].map(([, name]) => name);
  // MXFP4 is read by the classes of some architectures only.
  expect([...(found?.methods ?? []), "mxfp4"].sort()).toEqual([...new Set(compared)].sort());
  expect(found?.methods).not.toContain("bitsandbytes");
  expect([...(found?.own.get("GptOssForCausalLM") ?? [])]).toEqual(["mxfp4"]);
  expect(found?.own.has("LlamaForCausalLM")).toBe(false);
  // A class of the same module without a rule of its own.
  expect(found?.own.has("DeepseekV3ForCausalLM")).toBe(false);
  expect(found?.formats).toContain("pack-quantized");
  expect([...(found?.strategies.get("pack-quantized") ?? [])]).toEqual(["group"]);
  expect([...(found?.strategies.get("float-quantized") ?? [])]).toEqual(["channel", "block"]);
  expect(found).toMatchObject({ acceptsGroups: false, missingGptqBits: new Set([3]) });
});

test("returns null without a source or for an unexpected one", async () => {
  const toolchain = await resolveToolchain();
  expect(await readQuantizationMethods({ ...toolchain, scripts: undefined })).toBeNull();
  const folder = temporaryFolder();
  const scripts = { converter: join(folder, "convert_hf_to_gguf.py") };
  mkdirSync(join(folder, "conversion"));
  writeFileSync(join(folder, "conversion", "base.py"), "def dequant_model(self): pass\n");
  expect(await readQuantizationMethods({ ...toolchain, scripts })).toBeNull();
});
