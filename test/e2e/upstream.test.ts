import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensorsHeader } from "../../src/checkpoint/safetensors.js";
import { metadataNumber, metadataString } from "../../src/gguf/metadata.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { convertToGguf } from "../../src/llamacpp/python/convert.js";
import type { ToolProgress, ToolRun } from "../../src/llamacpp/tool-run.js";
import { findPinnedPackage } from "../../src/llamacpp/toolchain/pinned-package.js";
import { readVisionTool } from "../../src/llamacpp/toolchain/vision-tool.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import { checkpoints, makeCheckpoint } from "../fixtures/checkpoints/make-checkpoint.js";
import { demoFolder, put, quantsmith } from "../fixtures/cli.js";
import { converterPython } from "../fixtures/converter-python.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";
import { makeAdapter } from "../fixtures/upstream/lora-adapter.js";
import { makeVisionModel } from "../fixtures/upstream/vision-model.js";

/* llama.cpp's converter, which needs Python; without Python every test is skipped. */
const home = temporaryFolder();
const tinyLlama = join(demoFolder, "tiny-llama");
let run: ToolRun;

beforeAll(async () => {
  run = await makeTinyModel(home);
});

test("a conversion reports progress and no machine path", async (context) => {
  const python = await converterPython(context);
  const seen: ToolProgress[] = [];
  const result = await convertToGguf({
    ...{ ...run, python, modelDir: tinyLlama, modelName: "tiny llama", outFile: "whole.gguf", outtype: "f16" },
    onProgress: (progress) => void seen.push(progress),
  });
  expect((await readGguf(join(home, "whole.gguf"))).fileBytes).toBe(result.fileBytes);
  expect(seen.at(-1)).toEqual({ done: 11.5e6, total: 11.5e6, unit: "byte" });
  expect(result.argv[0]).toBe("convert_hf_to_gguf.py");
  expect(result.argv.join(" ")).not.toContain(demoFolder);
});

describe("checkpoints that the converter cannot read", () => {
  const attempt = async (modelDir: string, context: Parameters<typeof converterPython>[0], mmproj = false) => {
    const python = await converterPython(context);
    const files = { modelDir, modelName: "x", outFile: "never.gguf", outtype: "bf16" as const };
    return convertToGguf({ ...run, python, ...files, ...(mmproj ? { mmproj } : {}) });
  };
  const changed = (name: string, change: (folder: string) => void) => {
    cpSync(tinyLlama, join(home, name), { recursive: true });
    change(join(home, name));
    return name;
  };

  test("an architecture that llama.cpp does not support, and one with an unsupported projector", async (context) => {
    const unknown = changed("unknown", (folder) => {
      const config = readFileSync(join(folder, "config.json"), "utf8");
      writeFileSync(join(folder, "config.json"), config.replace("LlamaForCausalLM", "NopeForCausalLM"));
    });
    await expect(attempt(unknown, context)).rejects.toMatchObject({
      code: "QS-CONVERT-ARCHITECTURE",
      message: expect.stringContaining("NopeForCausalLM"),
    });
    await expect(attempt(tinyLlama, context, true)).rejects.toMatchObject({
      code: "QS-CONVERT-ARCHITECTURE",
      remedy: expect.stringContaining("mmproj: none"),
    });
  });

  test("no tokenizer", async (context) => {
    const bare = changed("bare", (folder) => rmSync(join(folder, "tokenizer.model")));
    await expect(attempt(bare, context)).rejects.toMatchObject({ code: "QS-CONVERT-TOKENIZER" });
  });

  test("an unknown pre-tokenizer: the error contains its hash, and a setting names it", async (context) => {
    const smol = checkpoints.find(({ name }) => name === "smollm2");
    if (smol === undefined) throw new Error("missing checkpoint");
    const folder = join(home, "odd");
    await makeCheckpoint(folder, smol);
    const tokenizer = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
    const vowels = { type: "Split", pattern: { Regex: "[aeiou]" }, behavior: "Isolated", invert: false };
    const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
    tokenizer.pre_tokenizer = { type: "Sequence", pretokenizers: [vowels, bytes] };
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
    await expect(attempt("odd", context)).rejects.toMatchObject({
      code: "QS-CONVERT-PRETOKENIZER",
      message: expect.stringMatching(/hash [0-9a-f]{64}/),
      remedy: expect.stringContaining("pretokenizer:"),
    });
    const recipe = put(
      join(home, "odd.yaml"),
      "version: 1\nmodel: { source: ./odd }\nconvert: { engine: upstream, pretokenizer: smollm }\nvariants: [Q8_0]\n",
    );
    const out = join(home, "odd-out");
    const result = await quantsmith(["run", recipe, "--out", out, "--until", "convert"]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stdout).toContain("converting with llama.cpp's converter: set in the recipe");
    const [made = ""] = readdirSync(join(out, "store")).filter((name) => name.startsWith("convert-"));
    const report = JSON.parse(readFileSync(join(out, "store", made, "convert.json"), "utf8"));
    expect(report).toMatchObject({ engine: "upstream", why: "set in the recipe", pretokenizer: "smollm" });
    const gguf = await readGguf(join(out, "store", made, "model.gguf"));
    expect(metadataString(gguf, "tokenizer.ggml.pre")).toBe("smollm");
  });
});

test("releases and verifies a multimodal model with its projector", async (context) => {
  await converterPython(context);
  await makeVisionModel(join(home, "vision"));
  const drafted = join(home, "drafted.yaml");
  expect((await quantsmith(["init", join(home, "vision"), "--out", drafted])).exitCode).toBe(0);
  expect(readFileSync(drafted, "utf8")).toMatch(/\nconvert: { mmproj: F16 }\n[\s\S]*{ image: bundled/);
  const recipe = put(
    join(home, "vision.yaml"),
    "version: 1\nmodel: { source: ./vision, name: Tiny-Vision }\npipeline: ./quick.yaml\nvariants: [Q8_0]\nsmoke: []\n",
  );
  put(join(home, "quick.yaml"), "version: 1\nstages: [fetch, convert, quantize, package]\n");
  const out = join(home, "vision-out");
  const planned = JSON.parse((await quantsmith(["plan", recipe, "--out", out, "--json"])).stdout);
  expect(planned.steps.map(({ id }: { id: string }) => id)).toContain("convert:mmproj:F16");
  const result = await quantsmith(["run", recipe, "--out", out, "--json"]);
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout);
  const file = "mmproj-Tiny-Vision-F16.gguf";
  expect(report.projectors).toHaveLength(1);
  expect(report.projectors[0]).toMatchObject({ file, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const projector = await readGguf(join(report.release, file));
  expect(metadataString(projector, "clip.projector_type")).toBe("gemma3");
  expect(projector.fileBytes).toBe(report.projectors[0].bytes);
  const text = (name: string) => readFileSync(join(report.release, name), "utf8");
  expect(text("SHA256SUMS")).toContain(`${report.projectors[0].sha256}  ${file}`);
  expect(text("README.md")).toContain(`[${file}](./${file})`);
  expect(text("README.md")).toContain(`--mmproj ${file}`);
  const memory = readdirSync(join(out, "store")).filter((name) => existsSync(join(out, "store", name, "memory.json")));
  const estimates = readFileSync(join(out, "store", memory[0] ?? "", "memory.json"), "utf8");
  expect(JSON.parse(estimates).estimates[0].projectorBytes).toBeGreaterThan(report.projectors[0].bytes / 2);

  const sound = await quantsmith(["verify", report.release, "--json"]);
  expect(JSON.parse(sound.stdout)).toMatchObject({ ok: true });
  rmSync(join(report.release, file));
  const damaged = JSON.parse((await quantsmith(["verify", report.release, "--json"])).stdout);
  expect(damaged.problems.map(({ code }: { code: string }) => code)).toContain("QS-VERIFY-MISSING");
});

test("shows a picture to a multimodal model and its variant, where the vision tool is built", async (context) => {
  await converterPython(context);
  // Compiling it takes two minutes of processor time.
  const isBuilt = (await readVisionTool(await findPinnedPackage())) !== undefined;
  if (!isBuilt && !process.env.QUANTSMITH_TEST_VISION) return context.skip("QUANTSMITH_TEST_VISION builds the tool");
  if (!existsSync(join(home, "vision"))) await makeVisionModel(join(home, "vision"));
  put(join(home, "seeing.yaml"), "version: 1\nstages: [fetch, convert, quantize, smoke, package]\n");
  const see = "{ image: bundled, prompt: Which word?, maxTokens: 8, expect: { matches: TIGER, notRepeating: false } }";
  const recipe = put(
    join(home, "sees.yaml"),
    `version: 1\nmodel: { source: ./vision, name: Tiny-Vision }\npipeline: ./seeing.yaml\nvariants: [Q8_0]\nsmoke: [${see}]\n`,
  );
  // The other test's folder contains the converted files.
  const result = await quantsmith(["run", recipe, "--out", join(home, "vision-out"), "--json"]);
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout);
  // A picture is one token of this tower: 4 by 4 patches, merged 4 by 4.
  expect(report.projectors).toMatchObject([{ pictures: true, audio: false, pictureTokens: 1, shown: true }]);
  expect(report.warnings.map(({ code }: { code: string }) => code)).toContain("QW-SMOKE-BASE");
  const store = join(home, "vision-out", "store");
  const answered = readdirSync(store).filter((name) => existsSync(join(store, name, "smoke.json")));
  expect(JSON.parse(readFileSync(join(store, answered[0] ?? "", "smoke.json"), "utf8"))).toMatchObject({
    ...{ passed: 0, failed: 0 },
    answers: [{ projector: "F16", skipped: [expect.stringMatching(/^`matches`: the base fails this too .*TIGER/)] }],
  });
});

describe("a LoRA adapter", () => {
  test("becomes a GGUF file that llama.cpp applies", async (context) => {
    await converterPython(context);
    await makeAdapter(join(home, "adapter"), 256);
    const config = join(home, "adapter", "adapter_config.json");
    writeFileSync(config, readFileSync(config, "utf8").replace("{", '{"use_rslora":true,'));
    const file = join(home, "made", "adapter.gguf");
    const result = await quantsmith([
      ...["convert-lora", join(home, "adapter"), "--base", tinyLlama, "--out", file, "--json"],
    ]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ architecture: "llama", tensors: 4 });
    const adapter = await readGguf(file);
    expect(metadataString(adapter, "adapter.type")).toBe("lora");
    // Of lora_alpha 8 and rank 4.
    expect(metadataNumber(adapter, "adapter.lora.alpha")).toBe(16);
    expect(readdirSync(join(home, "made"))).toEqual(["adapter.gguf"]);

    const loaded = await runSubprocess({
      file: run.toolchain.tools["llama-completion"].path,
      args: ["-m", "model.gguf", "--lora", file, "-p", "The capital", "-n", "4", "-no-cnv", "-t", "2", "-lv", "4"],
      cwd: home,
    });
    expect(loaded.exitCode, loaded.stderr).toBe(0);
    expect(loaded.stderr).toMatch(/loaded 4 tensors from lora file/);
  });

  test("with a value beyond the range of its new type is rejected, with the tensor", async (context) => {
    await converterPython(context);
    await makeAdapter(join(home, "large"), 256);
    const weights = join(home, "large", "adapter_model.safetensors");
    const [first] = (await readSafetensorsHeader(weights)).tensors;
    const content = readFileSync(weights);
    content.writeFloatLE(70_000, first?.offset ?? 0);
    writeFileSync(weights, content);
    const out = join(home, "large.gguf");
    const convert = async (outtype: string) => {
      const args = ["convert-lora", join(home, "large"), "--base", tinyLlama, "--out", out, "--outtype", outtype];
      const { exitCode, stdout } = await quantsmith([...args, "--json"]);
      return { exitCode, ...JSON.parse(stdout) };
    };
    for (const outtype of ["f16", "auto"]) {
      expect(await convert(outtype)).toMatchObject({
        exitCode: 2,
        error: { code: "QS-CONVERT-OVERFLOW", message: expect.stringMatching(/"blk\.0\.attn_\w+\.weight\.lora_a"/) },
      });
    }
    expect(existsSync(out)).toBe(false);
    expect(await convert("f32")).toMatchObject({ exitCode: 0 });
  });

  test("is rejected if it is incomplete or not a low-rank adapter", async (context) => {
    await converterPython(context);
    const convert = async (name: string) => {
      const args = ["convert-lora", join(home, name), "--base", tinyLlama, "--out", join(home, "no.gguf"), "--json"];
      const result = await quantsmith(args);
      return { exitCode: result.exitCode, ...JSON.parse(result.stdout).error };
    };
    mkdirSync(join(home, "empty"));
    expect(await convert("empty")).toMatchObject({ exitCode: 2, code: "QS-CONVERT-ADAPTER" });
    await makeAdapter(join(home, "whole-matrix"), 256, ["base_model.model.model.embed_tokens.weight"]);
    expect(await convert("whole-matrix")).toMatchObject({
      code: "QS-CONVERT-ADAPTER",
      message: expect.stringContaining("embed_tokens"),
    });
    expect(existsSync(join(home, "no.gguf"))).toBe(false);
  });
});
