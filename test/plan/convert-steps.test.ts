import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkSnapshot } from "../../src/checkpoint/check-snapshot.js";
import { outlineCheckpoint, surveyOptions } from "../../src/checkpoint/outline/checkpoint-outline.js";
import { surveyFolder } from "../../src/checkpoint/outline/survey-folder.js";
import { TensorSurvey } from "../../src/checkpoint/outline/tensor-survey.js";
import { HeaderCheck } from "../../src/converter/header-check.js";
import type { QuantizationMethods } from "../../src/llamacpp/toolchain/quantization-methods.js";
import { outlineWarnings } from "../../src/plan/outline-warnings.js";
import { convertUpstream } from "../../src/stages/convert/convert-upstream.js";
import type { JsonObject } from "../../src/util/canonical-json.js";
import { smallLlama } from "../fixtures/checkpoints/small-llama.js";
import { demoFolder } from "../fixtures/cli.js";
import { failureOf } from "../fixtures/failure.js";
import { planned, plannedSteps, stepKeys } from "../fixtures/planned-steps.js";
import { formats, typedSafetensors } from "../fixtures/quantized-tensors.js";
import { buildSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const config = JSON.parse(readFileSync(join(demoFolder, "tiny-llama", "config.json"), "utf8"));
const digest = "sha256:0";
const files = ["config.json", "model.safetensors", "tokenizer.model"].map((path) => ({ path, bytes: 1, digest }));
const recipe = (convert: string) =>
  `version: 1\nmodel: { source: ./m, name: M }\nconvert: ${convert}\nvariants: [Q8_0]\n`;

test("`metadata.baseModel` names the base of a local source in files and on the card", async () => {
  const plan = await planned(`${recipe("{}")}metadata: { baseModel: org/base }\n`, { config, files });
  const params = (id: string) => plan.steps.find((step) => step.id === id)?.params;
  expect([params("convert")?.baseModel, params("package")?.baseModel]).toEqual(["org/base", "org/base"]);
  expect(params("convert")?.metadata).toEqual({});
});

describe("the key of a conversion", () => {
  const keyWith = async (convert: string, changed: Record<string, string>) => {
    const plan = await planned(recipe(convert), { config, files }, (facts) => ({
      ...facts,
      toolDigests: { ...facts.toolDigests, ...changed },
    }));
    return stepKeys(plan).get("convert");
  };

  test("by the native engine depends on llama.cpp's pre-tokenizers, but not on its converter or Python", async () => {
    const key = await keyWith("{}", {});
    expect(await keyWith("{}", { converter: "other" })).toBe(key);
    // `engine: native` disables the fallback to llama.cpp's converter.
    expect(await keyWith("{ engine: native }", {})).not.toBe(key);
    expect(await keyWith("{}", { pretokenizers: "other" })).not.toBe(key);
    expect(await keyWith("{ pretokenizer: llama-bpe }", {})).not.toBe(key);
  });

  test("by the upstream engine depends on the converter and the pre-tokenizer override", async () => {
    const key = await keyWith("{ engine: upstream }", {});
    expect(await keyWith("{ engine: upstream }", { converter: "other" })).not.toBe(key);
    expect(await keyWith("{ engine: upstream, pretokenizer: llama-bpe }", {})).not.toBe(key);
  });
});

test("the lock file contains the chosen converter", async () => {
  const lock = async (model: object) => (await planned(recipe("{}"), model)).report.params.lock.convert;
  expect(await lock({ config, files })).toMatchObject({ engine: "native", pretokenizer: "auto" });
  expect(await lock({ config: { architectures: ["MambaForCausalLM"] }, files })).toMatchObject({ engine: "upstream" });
});

test("a GGUF source is not converted: the lock file names it, and a change of its metadata changes the key", async () => {
  const file = { path: "m.gguf", bytes: 7, digest };
  const plan = (extra = "") => planned(`${recipe("{}")}${extra}`, { gguf: [file.path], files: [file], config: null });
  const { steps, convert, report } = await plan();
  expect(convert).toEqual({ engine: "none", why: "the source is a GGUF file" });
  expect(steps.filter(({ stage }) => stage === "convert").map(({ id, tools }) => ({ id, tools }))).toEqual([
    { id: "convert", tools: [] },
  ]);
  expect(report.params.lock).toMatchObject({
    model: { source: "local file m.gguf", commit: null, files: [file] },
    convert: { engine: "none" },
  });
  const key = async (extra?: string) => stepKeys(await plan(extra)).get("convert");
  expect(await key("metadata: { tags: [a] }\n")).toBe(await key());
  expect(await key("metadata: { license: mit }\n")).not.toBe(await key());
});

describe("a model with a vision tower", () => {
  const vision = { config: { ...config, vision_config: { hidden_size: 8 } }, files };

  test("has a step for its projector, an input of package and memory", async () => {
    const steps = await plannedSteps(recipe("{}"), vision);
    const projector = steps.find(({ id }) => id === "convert:mmproj:F16");
    expect(projector?.tools).toEqual(convertUpstream.tools);
    const read = { kind: "step", step: "convert:mmproj:F16", file: "mmproj.gguf", optional: false };
    const inputs = (id: string) => steps.find((step) => step.id === id)?.inputs;
    expect([inputs("package")?.["projector:F16"], inputs("package:Q8_0:memory")?.projector]).toEqual([read, read]);
    expect(steps.find(({ id }) => id === "package")?.params.projectors).toEqual([
      { type: "F16", file: "mmproj-M-F16.gguf", shown: false },
    ]);
  });

  test("has a step for each type of projector; the most exact one counts as memory", async () => {
    const steps = await plannedSteps(recipe("{ mmproj: [Q8_0, F16] }"), vision);
    expect(steps.flatMap(({ id, params }) => (id.startsWith("convert:mmproj") ? [params.type] : []))).toEqual([
      "F16",
      "Q8_0",
    ]);
    expect(steps.find(({ id }) => id === "package:Q8_0:memory")?.inputs.projector).toMatchObject({
      step: "convert:mmproj:F16",
    });
  });

  test("is released without a projector with `mmproj: none`", async () => {
    const steps = await plannedSteps(recipe("{ mmproj: none }"), vision);
    expect(steps.map(({ id }) => id)).not.toContain("convert:mmproj:F16");
    expect(steps.find(({ id }) => id === "package")?.params.projectors).toEqual([]);
  });
});

describe("parts that llama.cpp does not support are reported before any download", () => {
  const architectures = { models: new Set(["LlamaForCausalLM"]), projectors: new Set<string>() };
  const pretokenizers = { checkText: "", names: {}, patterns: { "llama-bpe": [] } };
  const attempt = (convert: string, model: object) =>
    failureOf(planned(recipe(convert), { files, ...model }, (facts) => ({ ...facts, architectures, pretokenizers })));

  test.each([
    ["a model", "{ pretokenizer: llama-bpe }", { architectures: ["OddForCausalLM"] }, "QS-CONVERT-ARCHITECTURE", 2],
    ["a projector", "{ pretokenizer: llama-bpe }", { ...config, vision_config: {} }, "QS-CONVERT-ARCHITECTURE", 2],
    ["a pre-tokenizer", "{ pretokenizer: llama-bbe }", config, "QS-CONVERT-PRETOKENIZER", 3],
  ])("%s", async (_what, convert, changed, code, line) => {
    expect(await attempt(convert, { config: changed })).toMatchObject({ code, at: { line } });
  });

  test("quantized weights, with either converter", async () => {
    const quantized = { ...config, quantization_config: { quant_method: "bitsandbytes", load_in_4bit: true } };
    const folder = mkdtempSync(join(temporaryFolder(), "model-"));
    const [{ tensors }] = formats.filter(({ label }) => label === "bitsandbytes, 4 bits") as [(typeof formats)[0]];
    writeFileSync(join(folder, "model.safetensors"), typedSafetensors(tensors));
    writeFileSync(join(folder, "config.json"), JSON.stringify(quantized));
    const outline = await surveyFolder(folder);
    const quantization: QuantizationMethods = {
      ...{ methods: new Set(["fp8"]), formats: new Set<string>(), strategies: new Map(), own: new Map() },
      ...{ acceptsGroups: false, missingGptqBits: new Set<number>() },
    };
    for (const engine of ["auto", "upstream"]) {
      const model = { files, config: quantized, outline, baseModels: ["some/base"] };
      const refused = await failureOf(
        planned(recipe(`{ engine: ${engine} }`), model, (facts) => ({ ...facts, quantization })),
      );
      expect(refused).toMatchObject({
        ...{ code: "QS-CONVERT-QUANTIZED", at: { line: 2 } },
        remedy: expect.stringContaining("hf:some/base"),
      });
    }
  });
});

describe("a checkpoint whose files do not match", () => {
  const small = smallLlama();
  const shapes = Object.fromEntries(small.tensors.map(({ name, shape }) => [name, [...shape]]));

  /** Plans a checkpoint of headers alone; returns its error. */
  async function refused(
    changes: object,
    tensors: Record<string, number[]> | Buffer = shapes,
    names = ["tokenizer.model"],
    modelOpt?: object,
  ) {
    const folder = mkdtempSync(join(temporaryFolder(), "model-"));
    const changed = { ...small.config, ...changes } as JsonObject;
    writeFileSync(join(folder, "config.json"), JSON.stringify(changed));
    const weights = Buffer.isBuffer(tensors) ? tensors : buildSafetensors(tensors);
    writeFileSync(join(folder, "model.safetensors"), weights);
    if (modelOpt !== undefined) writeFileSync(join(folder, "hf_quant_config.json"), JSON.stringify(modelOpt));
    const check = new HeaderCheck();
    const { outline } = await checkSnapshot(folder, undefined, undefined, check);
    const [mismatch, badScales] = [check.finish(), check.finishScales()];
    const files = ["model.safetensors", ...names].map((path) => ({ path, bytes: 1, digest: "" }));
    const faults = { ...(mismatch && { mismatch }), ...(badScales && { badScales }) };
    const model = { files, config: changed, outline, ...faults };
    return failureOf(planned(recipe("{}"), model));
  }

  test.each<[string, object, RegExp]>([
    ["a vocabulary", { vocab_size: 4000 }, /embed_tokens.weight" has the shape \[4096, 256\], not \[4000, 256\]/],
    ["a width", { hidden_size: 128, head_dim: 64 }, /has the shape/],
    ["heads", { num_attention_heads: 8, head_dim: 64 }, /q_proj.weight" has the shape/],
    ["more layers", { num_hidden_layers: 3 }, /"model.layers.2.input_layernorm.weight" is missing/],
    ["fewer layers", { num_hidden_layers: 1 }, /"model.layers.1.\w+.* is beyond the last layer/],
  ])("%s of config.json", async (_what, changes, message) => {
    const error = { code: "QS-CONVERT-WEIGHTS", message: expect.stringMatching(message), at: { line: 2 } };
    expect(await refused(changes)).toMatchObject(error);
  });

  test("a value that no converter reads", async () => {
    expect(await refused({ rope_scaling: [2] })).toMatchObject({ code: "QS-CONVERT-CONFIG", at: { line: 2 } });
  });

  test("FP8 weights without scales, which only ModelOpt's own file declares", async () => {
    const isMatrix = (name: string) => name.endsWith("_proj.weight");
    const typed = Object.entries(shapes).map(([name, shape]): [string, [string, number[]]] => [
      name,
      [isMatrix(name) ? "F8_E4M3" : "BF16", shape],
    ]);
    const modelOpt = { producer: { name: "modelopt" }, quantization: { quant_algo: "FP8" } };
    const names = ["tokenizer.model", "hf_quant_config.json"];
    expect(await refused({}, typedSafetensors(Object.fromEntries(typed)), names, modelOpt)).toMatchObject({
      ...{ code: "QS-CONVERT-WEIGHTS", at: { line: 2 } },
      message: expect.stringMatching(/"model\.layers\.0\.\w+\.\w+_proj\.weight" has no scale/),
    });
  });

  test("a missing tensor and a missing tokenizer", async () => {
    const { "model.layers.1.mlp.up_proj.weight": _, ...rest } = shapes;
    expect(await refused({}, rest)).toMatchObject({ code: "QS-CONVERT-WEIGHTS", at: { line: 2 } });
    const fp8 = { quantization_config: { quant_method: "fp8" } };
    const scaled = { "model.layers.0.mlp.down_proj.weight_scale_inv": [1], ...rest };
    expect(await refused(fp8, scaled)).toMatchObject({
      message: expect.stringContaining('up_proj.weight" is missing'),
    });
    const lonely = { "model.layers.7.mlp.up_proj.weight_scale_inv": [1], ...shapes };
    expect(await refused(fp8, lonely)).toMatchObject({
      ...{ code: "QS-CONVERT-WEIGHTS", at: { line: 2 } },
      message: expect.stringContaining('up_proj.weight_scale_inv" is the scale of a tensor that is missing'),
    });
    const names = ["tokenizer_config.json", "special_tokens_map.json"];
    expect(await refused({}, shapes, names)).toMatchObject({ code: "QS-CONVERT-TOKENIZER", at: { line: 2 } });
  });
});

test("16-bit weights that config.json declares quantized", () => {
  const outline = outlineCheckpoint(
    { config: { quantization_config: { quant_method: "gptq", bits: 4 } }, architecture: "X", modelOpt: undefined },
    { ...new TensorSurvey(surveyOptions({}, undefined)).finish(null), dtypes: { BF16: 4 } },
    true,
  );
  expect(outlineWarnings(outline)).toMatchObject([
    { code: "QW-WEIGHTS-PLAIN", message: expect.stringContaining('quantized by "gptq", but they are BF16') },
  ]);
});
