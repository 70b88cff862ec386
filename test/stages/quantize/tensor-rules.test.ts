import { describe, expect, test } from "vitest";
import { resolveTensorRules, tensorTypeFile } from "../../../src/stages/quantize/tensor-rules.js";

const names = [
  "token_embd.weight",
  "output_norm.weight",
  "blk.0.attn_output.weight",
  "blk.0.attn_v.weight",
  "blk.10.attn_v.weight",
  "blk.1.attn_v.bias",
  "blk.1.ffn_down_exps.weight",
];
const chosen = (rules: Record<string, string>, tensors = names) =>
  Object.fromEntries(resolveTensorRules(rules, tensors));

describe("resolveTensorRules", () => {
  test("a plain name part means exactly that role", () => {
    expect(chosen({ attn_v: "Q8_0" })).toEqual({
      "blk.0.attn_v.weight": "Q8_0",
      "blk.10.attn_v.weight": "Q8_0",
      "blk.1.attn_v.bias": "Q8_0",
    });
    expect(chosen({ token_embd: "Q6_K" })).toEqual({ "token_embd.weight": "Q6_K" });
  });

  test("output is the output matrix and never attn_output or output_norm", () => {
    expect(chosen({ output: "Q8_0" }, [...names, "output.weight"])).toEqual({ "output.weight": "Q8_0" });
  });

  test("output may be missing, since tied embeddings have none; any other rule must match", () => {
    expect(chosen({ output: "Q8_0" })).toEqual({});
    expect(() => resolveTensorRules({ attn_w: "Q8_0" }, names)).toThrow('"attn_w" matches no tensor');
  });

  test("anything else is a regular expression, and the first rule that matches wins", () => {
    expect(chosen({ "blk\\.0\\.": "Q6_K", attn_v: "Q4_K" })).toEqual({
      "blk.0.attn_output.weight": "Q6_K",
      "blk.0.attn_v.weight": "Q6_K",
      "blk.10.attn_v.weight": "Q4_K",
      "blk.1.attn_v.bias": "Q4_K",
    });
  });
});

test("the type file names each tensor by an anchored pattern", () => {
  expect(tensorTypeFile(new Map([["blk.0.attn_v.weight", "Q8_0"]]))).toBe("^blk\\.0\\.attn_v\\.weight$=q8_0\n");
});
