import { describe, expect, test } from "vitest";
import { fp8Layout } from "../../src/converter/fp8-layout.js";
import { withScales } from "../../src/converter/fp8-scales.js";
import type { CheckpointTensor } from "../../src/converter/read-checkpoint.js";
import { dequantizeFp8 } from "../../src/converter/values/dequantize-fp8.js";
import { thrownBy } from "../fixtures/failure.js";

test("FP8 values get the scale of their block, wherever a piece begins", () => {
  // Rows of 5 values in blocks of 2 by 3: the last column and row of blocks are cut.
  const blocks = { scales: Float32Array.of(1, 10, 100, 1000), rows: 2, columns: 3, rowLength: 5 };
  // 0x38 is 1, 0xb8 is -1.
  const source = Uint8Array.from({ length: 15 }, (_, i) => (i % 4 === 0 ? 0xb8 : 0x38));
  const all = new Float32Array(15);
  dequantizeFp8(source, 0, blocks, all);
  expect([...all]).toEqual([-1, 1, 1, 10, -10, 1, 1, 1, -10, 10, 100, 100, -100, 1000, 1000]);
  for (const start of [1, 4, 7, 13]) {
    const rest = new Float32Array(15 - start);
    dequantizeFp8(source.subarray(start), start, blocks, rest);
    expect(rest).toEqual(all.subarray(start));
  }
});

test("the largest, smallest and missing values of FP8", () => {
  const out = new Float32Array(4);
  const one = { scales: Float32Array.of(1), rows: 1, columns: 4, rowLength: 4 };
  dequantizeFp8(Uint8Array.of(0x7e, 0x01, 0x80, 0xff), 0, one, out);
  expect([...out]).toEqual([448, 2 ** -9, -0, Number.NaN]);
});

const tensor = (name: string, dtype: string, ...shape: number[]): CheckpointTensor => ({
  ...{ name, dtype, shape, elements: shape.reduce((product, size) => product * size, 1) },
  ...{ bytes: 0, offset: 0, path: "" },
});

describe("the scales of a checkpoint", () => {
  const weight = tensor("a.weight", "F8_E4M3", 200, 300);
  const blocks = fp8Layout({ quant_method: "fp8", weight_block_size: [128, 128] });
  const whole = fp8Layout({ quant_method: "fp8" });
  const group = { weights: { strategy: "channel", num_bits: 8, type: "float" } };
  const rows = fp8Layout({ quant_method: "compressed-tensors", format: "float-quantized", config_groups: { group } });

  test.each([
    ["blocks", blocks, tensor("a.weight_scale_inv", "F32", 2, 3), { rows: 128, columns: 128 }],
    ["the tensor", whole, tensor("a.weight_scale_inv", "BF16"), { rows: 200, columns: 300 }],
    ["rows", rows, tensor("a.weight_scale", "BF16", 200, 1), { rows: 1, columns: 300 }],
  ])("belong to %s", (_what, layout, scale, covered) => {
    const [found, ...others] = withScales([weight, scale], layout);
    expect(others).toEqual([]);
    expect(found).toEqual({ ...weight, scales: { tensor: scale, ...covered } });
  });

  test.each([
    ["another shape", blocks, [weight, tensor("a.weight_scale_inv", "F32", 3, 2)]],
    ["16-bit weights", whole, [tensor("a.weight", "BF16", 2, 2), tensor("a.weight_scale_inv", "F32")]],
    ["no tensor", whole, [tensor("a.weight_scale_inv", "F32")]],
  ])("are left to llama.cpp's converter for %s", (_what, layout, tensors) => {
    expect(thrownBy(() => withScales(tensors, layout)).code).toBe("QS-CONVERT-NATIVE");
  });

  test.each([
    { quant_method: "gptq" },
    { quant_method: "fp8", weight_block_size: [128] },
    { quant_method: "compressed-tensors", format: "int-quantized", config_groups: { group } },
    { quant_method: "compressed-tensors", format: "float-quantized", config_groups: { group, other: group } },
    {
      ...{ quant_method: "compressed-tensors", format: "float-quantized" },
      config_groups: { group: { weights: { ...group.weights, group_size: 128 } } },
    },
  ])("are unknown for %j", (declared) => {
    expect(fp8Layout(declared)).toBeUndefined();
  });
});
