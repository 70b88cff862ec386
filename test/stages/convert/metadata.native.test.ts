import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Gguf } from "../../../src/gguf/gguf.js";
import { metadataNumber, metadataString } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { nameParts } from "../../../src/quant/name-parts.js";
import { convertNative } from "../../../src/stages/convert/convert-native.js";
import { demoCopy, demoFolder, quantsmith } from "../../fixtures/cli.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const general = (gguf: Gguf) =>
  Object.fromEntries(
    [...gguf.metadata]
      .filter(([key]) => key.startsWith("general."))
      .map(([key, value]) => [key.slice("general.".length), value.type === "array" ? value.items : value.value]),
  );

/** A card with all inheritable fields, and some that are not inherited. */
const card = `---
license: other
license_name: example-terms
license_link: LICENSE
language: [en, no]
pipeline_tag: text-generation
tags: [chat]
datasets: [org/data]
base_model: org/grandparent
basename: not-this
uuid: nor this
---
`;

function checkpoint(folder: string, readme: string): string {
  cpSync(join(demoFolder, "tiny-llama"), folder, { recursive: true });
  writeFileSync(join(folder, "README.md"), readme);
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, _name_or_path: "./checkpoint-500" }));
  const generation = { temperature: 0.6, top_k: 20, top_p: 0.95, min_p: 0, repetition_penalty: 1.05 };
  writeFileSync(join(folder, "generation_config.json"), JSON.stringify(generation));
  return folder;
}

test("a model from the Hub gets names, licence, source and sampling settings", async () => {
  const home = temporaryFolder();
  const run = { toolchain: await resolveToolchain(), cwd: home, threads: availableParallelism() };
  const params = {
    ...{
      outtype: "bf16" as const,
      pretokenizer: "auto",
      why: "for the test",
      fallback: false,
      modelName: "Example-6M-Instruct-v0.2",
    },
    baseModel: "Org/Example-6M-Instruct-v0.2",
    metadata: { quantizedBy: "me", repoUrl: "https://huggingface.co/me/x" },
  };
  const convert = async (name: string, readme: string) => {
    const context = stageContext(run, { snapshot: checkpoint(join(home, name), readme) });
    await convertNative.run(params, context);
    return readGguf(join(context.out, "model.gguf"));
  };

  const gguf = await convert("good", card);
  const { tags, ...rest } = general(gguf);
  expect(rest).toMatchObject({
    name: "Example-6M-Instruct-v0.2",
    basename: "Example",
    size_label: "6M",
    finetune: "Instruct",
    version: "v0.2",
    organization: "Org",
    quantized_by: "me",
    repo_url: "https://huggingface.co/me/x",
    license: "other",
    "license.name": "example-terms",
    "license.link": "https://huggingface.co/Org/Example-6M-Instruct-v0.2/blob/main/LICENSE",
    languages: ["en", "no"],
    "source.url": "https://huggingface.co/Org/Example-6M-Instruct-v0.2",
    "base_model.count": 1,
    "base_model.0.name": "Example-6M-Instruct-v0.2",
    "base_model.0.organization": "Org",
    "base_model.0.repo_url": "https://huggingface.co/Org/Example-6M-Instruct-v0.2",
    "sampling.top_k": 20,
    "sampling.temp": expect.closeTo(0.6),
    "sampling.penalty_repeat": expect.closeTo(1.05),
  });
  expect(tags).toEqual(["chat", "text-generation"]);
  expect(rest).not.toHaveProperty("uuid");

  // A card with invalid YAML does not fail the conversion.
  const broken = await convert("broken", "---\nlicense: [\n---\n");
  expect(metadataString(broken, "general.license")).toBeUndefined();
  expect(metadataString(broken, "general.basename")).toBe("Example");
});

test("every variant inherits the recipe's metadata, and a local model gets no names from its config", async () => {
  const home = temporaryFolder();
  const recipe = demoCopy(
    home,
    (text) => `${text}metadata: { quantizedBy: somebody, license: mit, languages: [de] }\n`,
  );
  checkpoint(join(home, "tiny-llama"), card);
  const result = await quantsmith(["run", recipe, "--out", join(home, "out"), "--until", "quantize", "--json"]);
  expect(result.exitCode, result.stderr).toBe(0);
  const { variants } = JSON.parse(result.stdout) as { variants: { sha256: string }[] };
  expect(variants).toHaveLength(1);
  const store = join(home, "out", "store");
  const [made = ""] = readdirSync(store).filter((name) => name.startsWith("quantize-"));
  const gguf = await readGguf(join(store, made, "model.gguf"));
  expect(general(gguf)).toMatchObject({
    ...{ name: "tiny-llama", size_label: "5.8M", license: "mit", quantized_by: "somebody", languages: ["de"] },
    "base_model.0.repo_url": "https://huggingface.co/org/grandparent",
  });
  for (const key of ["basename", "version", "organization", "license.name", "license.link", "source.url"])
    expect(gguf.metadata.has(`general.${key}`), key).toBe(false);
  expect(metadataNumber(gguf, "general.sampling.top_p")).toBeCloseTo(0.95);
});

test.each([
  ["Qwen3-4B-Instruct-2507", "Qwen3", "4B", "Instruct", "2507"],
  ["Llama-3.2-1B-Instruct", "Llama-3.2", "1B", "Instruct", null],
  ["Qwen3-30B-A3B", "Qwen3", "30B-A3B", null, null],
  ["Mixtral-8x7b-v0.1", "Mixtral", "8x7B", null, "v0.1"],
  ["gemma-3-270m-it", "gemma-3", "270M", "it", null],
  ["DeepSeek-R1-Distill-Qwen-1.5B", "DeepSeek-R1-Distill-Qwen", "1.5B", null, null],
  ["tiny-llama", null, null, null, null],
  ["7B", null, null, null, null],
])("%s is split into its parts", (name, basename, sizeLabel, finetune, version) => {
  expect(nameParts(name)).toEqual({ basename, sizeLabel, finetune, version });
});
