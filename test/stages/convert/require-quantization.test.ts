import { describe, expect, test } from "vitest";
import type { WeightFormat } from "../../../src/checkpoint/outline/weight-format.js";
import type { QuantizationMethods } from "../../../src/llamacpp/toolchain/quantization-methods.js";
import { requireQuantization } from "../../../src/stages/convert/require-quantization.js";
import { thrownBy } from "../../fixtures/failure.js";

const known: QuantizationMethods = {
  methods: new Set(["fp8", "gptq", "compressed-tensors"]),
  formats: new Set(["float-quantized", "pack-quantized", "nvfp4-pack-quantized"]),
  strategies: new Map([["float-quantized", new Set(["channel", "block"])]]),
  acceptsGroups: false,
  missingGptqBits: new Set([3]),
  own: new Map([["GptOssForCausalLM", new Set(["mxfp4"])]]),
};
const at = { file: "recipe.yaml", line: 2, column: 10 };

function checkpoint(quantization: Record<string, unknown> | undefined, change: Partial<WeightFormat> = {}) {
  const method = typeof quantization?.quant_method === "string" ? quantization.quant_method : null;
  const format = typeof quantization?.format === "string" ? quantization.format : null;
  return {
    config: JSON.parse(JSON.stringify({ quantization_config: quantization })),
    architecture: "LlamaForCausalLM",
    format: {
      label: "a label",
      method,
      format,
      isQuantized: true,
      kept: null,
      hasWeightScale: false,
      isStale: false,
      ...change,
    },
    baseModels: ["some/base", "x"],
  };
}

const refusal = (...args: Parameters<typeof checkpoint>) =>
  thrownBy(() => requireQuantization(checkpoint(...args), known, at));

describe("weights that the converter reads pass", () => {
  test.each([
    ["plain ones", undefined, { isQuantized: false }],
    ["FP8", { quant_method: "fp8" }, {}],
    ["GPTQ of 4 bits", { quant_method: "gptq", bits: 4 }, {}],
    [
      "FP8 of compressed-tensors",
      {
        quant_method: "compressed-tensors",
        format: "float-quantized",
        config_groups: { group_0: { weights: { strategy: "channel" } } },
      },
      {},
    ],
    [
      "NVFP4 in several groups",
      {
        quant_method: "compressed-tensors",
        format: "nvfp4-pack-quantized",
        config_groups: { group_0: {}, group_1: {} },
      },
      {},
    ],
  ])("%s", (_what, quantization, change) => {
    requireQuantization(checkpoint(quantization, change), known, at);
  });

  test("a method of one architecture", () => {
    const mxfp4 = checkpoint({ quant_method: "mxfp4" });
    requireQuantization({ ...mxfp4, architecture: "GptOssForCausalLM" }, known, at);
    expect(thrownBy(() => requireQuantization(mxfp4, known, at)).message).toContain('"mxfp4" for "LlamaForCausalLM"');
  });

  test("every declared method, if the rules are unknown", () => {
    requireQuantization(checkpoint({ quant_method: "bitsandbytes" }), null, at);
  });
});

test("another method is refused with the methods that are read, and the 16-bit model of the card", () => {
  const refused = refusal({ quant_method: "bitsandbytes", load_in_4bit: true });
  expect(refused).toMatchObject({ code: "QS-CONVERT-QUANTIZED", at });
  expect(refused.message).toContain('"fp8", "gptq", "compressed-tensors" and "mxfp4"');
  expect(refused.remedy).toContain("`hf:some/base`");
  expect(refused.remedy).toContain("merge your adapter in 16 bits");
});

test("a name in a card that is none of a repository is not printed", () => {
  const hostile = { ...checkpoint({ quant_method: "awq" }), baseModels: ["; rm -rf /", "[31m"] };
  expect(thrownBy(() => requireQuantization(hostile, known, at)).remedy).toBe("Use the model's 16-bit checkpoint.");
});

test.each([
  ["packed weights without a declaration", undefined, "contains no `quantization_config`"],
  ["GPTQ of 3 bits", { quant_method: "gptq", bits: 3 }, "GPTQ with 3 bits"],
  [
    "another format of compressed-tensors",
    { quant_method: "compressed-tensors", format: "marlin-24" },
    "a format that llama.cpp's converter does not read",
  ],
  [
    "several groups",
    {
      quant_method: "compressed-tensors",
      format: "pack-quantized",
      config_groups: { group_0: { weights: {} }, group_1: { weights: {} } },
    },
    "2 groups of different settings",
  ],
  [
    "another strategy",
    {
      quant_method: "compressed-tensors",
      format: "float-quantized",
      config_groups: { group_0: { weights: { strategy: "tensor" } } },
    },
    'reads "float-quantized" only per "channel" or "block"',
  ],
])("%s are refused", (_what, quantization, message) => {
  expect(refusal(quantization).message).toContain(message);
});

test("16-bit weights with a left-over declaration are refused with the way to remove it", () => {
  const refused = refusal({ quant_method: "bitsandbytes" }, { label: "BF16", isStale: true });
  expect(refused.message).toContain("but they are BF16");
  expect(refused.remedy).toContain("Remove `quantization_config`");
});
