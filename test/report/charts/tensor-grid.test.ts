import { expect, test } from "vitest";
import { tensorGrid } from "../../../src/report/charts/tensor-grid.js";
import { largeTensors, layers, typed } from "../../fixtures/release-report.js";

test("roles are in the order of the forward pass for any file order", () => {
  const order = ["token_embd", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "output"];
  expect(tensorGrid(largeTensors).roles).toEqual(order);
  expect(tensorGrid(largeTensors.toReversed()).roles).toEqual(order);
});

test("norms, which are never quantized, are omitted", () => {
  const { cells, layers: counted } = tensorGrid(largeTensors);
  expect(counted).toBe(layers);
  expect(cells).toHaveLength(layers * 7 + 2);
  expect(cells.filter(({ name }) => name.includes("norm"))).toEqual([]);
});

test("experts, state spaces and unknown roles have a place", () => {
  const { roles } = tensorGrid(
    [
      "output",
      "blk.0.new_thing",
      "blk.0.ffn_down_exps",
      "blk.0.ffn_gate_inp",
      "blk.1.ssm_in",
      "blk.0.attn_qkv",
      "cls",
    ].map((name) => typed(`${name}.weight`, "Q4_K")),
  );
  expect(roles).toEqual(["attn_qkv", "ssm_in", "ffn_gate_inp", "ffn_down_exps", "new_thing", "output", "cls"]);
});
