import { expect, test } from "vitest";
import { Fp8Check } from "../../src/converter/fp8-check.js";
import type { JsonObject } from "../../src/util/canonical-json.js";

const blocks = { quant_method: "fp8", weight_block_size: [128, 128] };
const whole = { quant_method: "fp8" };
const channel = {
  ...{ quant_method: "compressed-tensors", format: "float-quantized" },
  config_groups: { group: { weights: { strategy: "channel" } } },
};

const modelOpt = { quant_method: "modelopt", quant_algo: "FP8" };
const integers = { ...channel, format: "int-quantized" };

const tensor = (name: string, shape: number[], dtype = "F32") => ({ name, shape, dtype });
const weight = tensor("a.weight", [200, 300], "F8_E4M3");
const experts = tensor("mlp.experts.up_proj", [4, 200, 300], "F8_E4M3");

function fault(declared: JsonObject, ...tensors: ReturnType<typeof tensor>[]) {
  const check = new Fp8Check({ quantization_config: declared });
  // One tensor a file.
  for (const one of tensors) check.add([one]);
  return check.finish();
}

test.each([
  ["blocks", blocks, weight, tensor("a.weight_scale_inv", [2, 3])],
  [
    "blocks of several devices",
    blocks,
    tensor("self_attn.qkv_proj.weight", [200, 300], "F8_E4M3"),
    tensor("self_attn.qkv_proj.weight_scale_inv", [4, 3]),
  ],
  ["blocks as powers of two", blocks, weight, tensor("a.weight_scale_inv", [2, 3], "F8_E8M0")],
  ["blocks of experts", blocks, experts, tensor("mlp.experts.up_proj_scale_inv", [4, 2, 3])],
  ["a tensor", whole, weight, tensor("a.weight_scale_inv", [])],
  ["a tensor in Mistral's format", whole, weight, tensor("a.qscale_weight", [1])],
  ["experts", whole, experts, tensor("mlp.experts.up_proj_scale_inv", [4])],
  ["rows", channel, weight, tensor("a.weight_scale", [200, 1])],
  ["a tensor of ModelOpt", modelOpt, weight, tensor("a.weight_scale", [])],
  ["blocks of NVFP4", modelOpt, tensor("a.weight", [200, 150], "U8"), tensor("a.weight_scale", [200, 19], "F8_E4M3")],
  ["keys in a cache", modelOpt, tensor("b.weight", [2], "BF16"), tensor("k_proj.weight_scale", [])],
  ["rows of integers", integers, tensor("a.weight", [200, 300], "I8"), tensor("a.weight_scale", [200, 1])],
  ["no FP8 tensor", whole, tensor("a.weight", [2, 2], "BF16"), tensor("b.weight", [2], "BF16")],
  ["a quantization that is not checked", { quant_method: "gptq" }, weight, tensor("b.weight", [2])],
])("scales of %s fit", (_what, declared, matrix, scale) => {
  expect(fault(declared, scale, matrix)).toBeUndefined();
});

test.each([
  [
    blocks,
    tensor("a.weight_scale_inv", [3, 2]),
    '"a.weight_scale_inv" has the shape [3 × 2], which does not fit [200 × 300] in blocks of 128 × 128',
  ],
  [blocks, tensor("a.weight_scale_inv", [1, 1]), '"a.weight_scale_inv" has the shape [1 × 1], which does'],
  [blocks, tensor("a.weight_scale_inv", []), "has the shape []"],
  // Of blocks of 64 × 64.
  [blocks, tensor("a.weight_scale_inv", [4, 5]), "has the shape [4 × 5]"],
  [blocks, tensor("a.weight_scale_inv", [2, 3], "I32"), "is I32, and a scale must be a float"],
  [modelOpt, tensor("b.weight", [2], "BF16"), '"a.weight" has no scale'],
  [
    whole,
    tensor("a.weight_scale_inv", [300]),
    '"a.weight_scale_inv" has the shape [300], which does not fit [200 × 300]',
  ],
  [channel, tensor("a.weight_scale", [1, 1, 1]), "has the shape [1 × 1 × 1]"],
  [whole, tensor("b.weight_scale_inv", []), '"b.weight_scale_inv" is the scale of a tensor that is missing'],
  [whole, tensor("b.weight", [2], "BF16"), '"a.weight" has no scale'],
  [channel, tensor("b.weight", [2], "BF16"), '"a.weight" has no scale'],
])("for %j, %j is a fault of the weights", (declared, scale, message) => {
  const error = fault(declared, weight, scale);
  expect(error).toMatchObject({ code: "QS-CONVERT-WEIGHTS", message: expect.stringContaining(message) });
  expect(error?.remedy).toContain("16-bit checkpoint");
});

test("integers without a scale, and a scale of weights that are not quantized, are faults", () => {
  const bytes = tensor("a.weight", [200, 300], "I8");
  expect(fault(integers, bytes)?.message).toContain('"a.weight" has no scale');
  const plain = fault(blocks, tensor("a.weight", [200, 300], "BF16"), tensor("a.weight_scale_inv", [2, 3]));
  expect(plain?.message).toContain('"a.weight_scale_inv" is the scale of BF16 weights');
});

test("the layout may be in the configuration of a multimodal model's language model", () => {
  const check = new Fp8Check({ text_config: { quantization_config: blocks } });
  check.add([weight]);
  expect(check.finish()?.message).toContain('"a.weight" has no scale');
});

test("ModelOpt's settings may be in a file of their own, for a config.json that declares nothing", () => {
  const settings = { producer: { name: "ModelOpt" }, quantization: { quant_algo: "FP8" } };
  const checkOf = (config: JsonObject) => {
    const check = new Fp8Check(config, settings);
    check.add([weight]);
    return check;
  };
  const scaled = checkOf({});
  scaled.add([tensor("a.weight_scale", [])]);
  expect(scaled.finish()).toBeUndefined();
  expect(checkOf({}).finish()?.message).toContain('"a.weight" has no scale');
  expect(checkOf({ quantization_config: { quant_method: "gptq" } }).finish()).toBeUndefined();
});
