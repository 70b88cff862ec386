import { expect, test } from "vitest";
import type { TensorErrors } from "../../../src/quant/error-table.js";
import { tensorRole } from "../../../src/quant/tensor-role.js";
import { probeUnits } from "../../../src/stages/allocate/probe-units.js";

function tensors(layers: number): TensorErrors[] {
  const roles = ["attn_q", "ffn_down"];
  const inLayers = Array.from({ length: layers }, (_, layer) => roles.map((role) => `blk.${layer}.${role}.weight`));
  return ["token_embd.weight", ...inLayers.flat(), "output.weight"].map((name) => ({
    name,
    ...tensorRole(name),
    shape: [256, 256],
    elements: 65_536,
    errors: {},
    bytes: {},
  }));
}

test("every tensor is in exactly one unit at any effort and depth", () => {
  for (const effort of ["groups", "tensors"] as const) {
    for (const layers of [0, 1, 3, 4, 6, 32]) {
      const all = tensors(layers);
      const names = probeUnits(all, effort).flatMap((unit) => unit.tensors.map(({ name }) => name));
      expect(names.sort()).toEqual(all.map(({ name }) => name).sort());
    }
  }
});

test("a tensor that only has the exact type of the base is not probed", () => {
  const [first, ...others] = tensors(1);
  if (first === undefined) throw new Error("no tensors");
  const units = probeUnits([{ ...first, errors: { MXFP4: 0 } }, ...others], "tensors");
  expect(units.map(({ id }) => id)).toEqual(others.map(({ name }) => name));
  expect(probeUnits([{ ...first, errors: { MXFP4: 0, Q2_K: 0.1 } }], "tensors")).toHaveLength(1);
});

test("a group is one role in neighbouring layers; the first layer, embedding and output are separate", () => {
  const units = probeUnits(tensors(6), "groups");
  expect(units.map(({ id, tensors }) => [id, tensors.length])).toEqual([
    ["token_embd.weight", 1],
    ["attn_q@0", 1],
    ["ffn_down@0", 1],
    ["attn_q@1", 5],
    ["ffn_down@1", 5],
    ["output.weight", 1],
  ]);
  const sizes = probeUnits(tensors(32), "groups").filter(({ role }) => role === "attn_q");
  expect(sizes.map(({ tensors }) => tensors.length)).toEqual([1, 11, 10, 10]);
  expect(probeUnits(tensors(6), "tensors")).toHaveLength(14);
});
