import { describe, expect, test } from "vitest";
import { ggmlTypes, knownType } from "../../../src/quant/ggml-types.js";
import { typeNames } from "../../../src/stages/allocate/tensor-types.js";
import {
  findFallbacks,
  requireRules,
  resolveTensorRules,
  tensorTypeFile,
} from "../../../src/stages/quantize/tensor-rules.js";

const names = [
  "token_embd.weight",
  "output_norm.weight",
  "blk.0.attn_output.weight",
  "blk.0.attn_v.weight",
  "blk.10.attn_v.weight",
  "blk.1.attn_v.bias",
  "blk.1.ffn_down_exps.weight",
];
const chosen = (rules: Record<string, string>, tensors = names) => typeNames(resolveTensorRules(rules, tensors));

describe("resolveTensorRules", () => {
  test("a plain name part matches exactly the weights of that role", () => {
    expect(chosen({ attn_v: "Q8_0" })).toEqual({
      "blk.0.attn_v.weight": "Q8_0",
      "blk.10.attn_v.weight": "Q8_0",
    });
    expect(chosen({ token_embd: "Q6_K" })).toEqual({ "token_embd.weight": "Q6_K" });
  });

  test("output is the output matrix and never attn_output or output_norm", () => {
    expect(chosen({ output: "Q8_0" }, [...names, "output.weight"])).toEqual({ "output.weight": "Q8_0" });
  });

  test("output may match nothing beside token_embd, for tied embeddings; any other rule must match", () => {
    expect(chosen({ token_embd: "Q8_0", output: "Q8_0" })).toEqual({ "token_embd.weight": "Q8_0" });
    expect(() => resolveTensorRules({ output: "Q8_0" }, names)).toThrow('"output" does not match any tensor');
    expect(() => resolveTensorRules({ attn_w: "Q8_0" }, names)).toThrow('"attn_w" does not match any tensor');
  });

  test("any other pattern is a regular expression, and the first matching rule wins", () => {
    expect(chosen({ "blk\\.0\\.": "Q6_K", attn_v: "Q4_K" })).toEqual({
      "blk.0.attn_output.weight": "Q6_K",
      "blk.0.attn_v.weight": "Q6_K",
      "blk.10.attn_v.weight": "Q4_K",
    });
  });
});

test("the type file names each tensor by an anchored pattern", () => {
  expect(tensorTypeFile(new Map([["blk.0.attn_v.weight", knownType("Q8_0")]]))).toBe(
    "^blk\\.0\\.attn_v\\.weight$=q8_0\n",
  );
});

describe("requireRules", () => {
  const tensors = ["Q4_K", "Q5_0", "F32"].flatMap((wanted, i) => {
    const type = ggmlTypes.find(({ name }) => name === wanted);
    return type === undefined ? [] : [{ name: `t${i}`, type }];
  });
  const answered = (rules: [string, string][]) =>
    requireRules(new Map(rules.map(([name, type]) => [name, knownType(type)])), tensors, [
      { name: "t1", asked: "Q4_K", got: "Q5_0", columns: 96 },
    ]);

  test("accepts rules that were applied or ended in a fallback", () => {
    answered([
      ["t0", "Q4_K"],
      ["t1", "Q4_K"],
    ]);
  });

  test.each([
    ["t2", "F32", "the rule requires Q4_K"],
    ["t3", "missing", "the rule requires Q4_K"],
  ])("ignored: %s", (name, got, end) => {
    expect(() => answered([[name, "Q4_K"]])).toThrow(`tensor "${name}" is ${got}, ${end}`);
  });
});

test("findFallbacks returns the tensors with another type than required, with their row length", () => {
  const tensor = { name: "t", shape: [96, 32], fromType: "F16", toType: "Q5_0", bytes: 2112 };
  expect(findFallbacks([tensor, { ...tensor, fallback: { wantedType: "Q4_K" } }])).toEqual([
    { name: "t", asked: "Q4_K", got: "Q5_0", columns: 96 },
  ]);
});
