import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseEngine } from "../../../src/stages/convert/choose-engine.js";
import { demoFolder } from "../../fixtures/cli.js";

const config = JSON.parse(readFileSync(join(demoFolder, "tiny-llama", "config.json"), "utf8"));
const layers: number = config.num_hidden_layers;
const modelName = "M";
const files = ["config.json", "model.safetensors", "tokenizer.model"];

test("a family with verified parity is converted natively, unless the recipe overrides it", () => {
  expect(chooseEngine("auto", { config, modelName, files })).toMatchObject({ engine: "native" });
  expect(chooseEngine("native", { config, modelName, files })).toEqual(
    chooseEngine("auto", { config, modelName, files }),
  );
  expect(chooseEngine("upstream", { config, modelName, files })).toEqual({
    engine: "upstream",
    why: "set in the recipe",
  });
});

test("accepts layer types and dtypes that transformers accepts", () => {
  const entries = { layer_types: Array(layers).fill("full_attention"), dtype: "bfloat16", torch_dtype: null };
  const facts = { config: { ...config, ...entries }, modelName, files };
  expect(chooseEngine("native", facts)).toMatchObject({ engine: "native" });
});

describe("llama.cpp's converter converts everything else, with a reason", () => {
  test.each([
    ["another architecture", { config: { ...config, architectures: ["MambaForCausalLM"] } }, /MambaForCausalLM/],
    ["weights in GPTQ", { config: { ...config, quantization_config: { quant_method: "gptq" } } }, /quantized/],
    ["a null as quantization_config", { config: { ...config, quantization_config: null } }, /null/],
    ["too few layer types", { config: { ...config, layer_types: ["full_attention"] } }, /layer_types/],
    ["unknown layer types", { config: { ...config, layer_types: Array(layers).fill("odd") } }, /odd/],
    ["an unknown dtype", { config: { ...config, dtype: "bogus" } }, /bogus/],
    ["an unknown torch_dtype", { config: { ...config, torch_dtype: "bogus" } }, /bogus/],
    [
      "an unknown rope type",
      { config: { ...config, rope_parameters: { rope_type: "spiral", rope_theta: 1 } } },
      /spiral/,
    ],
    ["a model type of another architecture", { config: { ...config, model_type: "odd" } }, /odd/],
    ["pickles", { files: ["config.json", "pytorch_model.bin", "tokenizer.model"] }, /safetensors/],
    ["an unsupported tokenizer file", { files: ["config.json", "model.safetensors", "vocab.json"] }, /tokenizer\.json/],
    ["no config.json", { config: null }, /config\.json/],
  ])("%s", (_what, change, why) => {
    const facts = { config, modelName, files, ...change };
    expect(chooseEngine("auto", facts)).toEqual({ engine: "upstream", why: expect.stringMatching(why) });
    const at = { file: "recipe.yaml", line: 3, column: 12 };
    expect(() => chooseEngine("native", facts, at)).toThrowError(
      expect.objectContaining({ code: "QS-CONVERT-NATIVE", exitCode: 2, at, message: expect.stringMatching(why) }),
    );
  });

  test("an invalid value is not a reason: the conversion rejects it", () => {
    const facts = { config: { ...config, num_hidden_layers: "six" }, modelName, files };
    expect(chooseEngine("auto", facts)).toMatchObject({ engine: "native" });
  });
});
