import { expect, test } from "vitest";
import { tensorRole } from "../../src/quant/tensor-role.js";

test.each([
  ["blk.12.ffn_down.weight", "ffn_down", 12],
  ["blk.0.ffn_gate_exps.weight", "ffn_gate_exps", 0],
  ["token_embd.weight", "token_embd", null],
  ["output.weight", "output", null],
  ["enc.blk.3.attn_q.weight", "enc.attn_q", 3],
  ["blk.7.attn_q.bias", "attn_q.bias", 7],
])("%s", (name, role, layer) => {
  expect(tensorRole(name)).toEqual({ role, layer });
});
