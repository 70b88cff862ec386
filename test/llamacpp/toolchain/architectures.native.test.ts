import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { readArchitectures } from "../../../src/llamacpp/toolchain/architectures.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

test("the architectures match the registrations of the converter's classes", async () => {
  const toolchain = await resolveToolchain();
  const found = await readArchitectures(toolchain);
  const folder = join(dirname(toolchain.scripts?.converter ?? ""), "conversion");
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const calls = sources.flatMap((source) => [...source.matchAll(/@ModelBase\.register\(([^)]*)\)/g)]);
  const registered = calls.flatMap(([, names = ""]) => [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  const all = [...(found?.models ?? []), ...(found?.projectors ?? [])];
  // The converter never finds a class that is missing from its tables: one in v0.5.0.
  expect(all.length).toBeGreaterThan(registered.length - 5);
  expect(all.filter((name) => !registered.includes(name))).toEqual([]);
  expect(found?.models).toContain("LlamaForCausalLM");
  expect(found?.projectors).not.toContain("LlamaForCausalLM");
  expect(found?.projectors).toContain("Gemma3ForConditionalGeneration");
});

test("returns null without a source or for an unexpected one", async () => {
  const toolchain = await resolveToolchain();
  expect(await readArchitectures({ ...toolchain, scripts: undefined })).toBeNull();
  const folder = temporaryFolder();
  const scripts = { converter: join(folder, "convert_hf_to_gguf.py") };
  expect(await readArchitectures({ ...toolchain, scripts })).toBeNull();
  mkdirSync(join(folder, "conversion"));
  writeFileSync(join(folder, "conversion", "__init__.py"), "TEXT_MODEL_MAP = load()\n");
  expect(await readArchitectures({ ...toolchain, scripts })).toBeNull();
});
