import { expect, test } from "vitest";
import type { Gguf, GgufTensor } from "../../../src/gguf/gguf.js";
import { knownType } from "../../../src/quant/ggml-types.js";
import { planMoments } from "../../../src/stages/calibrate/plan-moments.js";

const type = knownType("BF16");

function model(shapes: Readonly<Record<string, number[]>>): Gguf {
  const tensors = Object.entries(shapes).map(
    ([name, shape]): GgufTensor => ({ name: `${name}.weight`, shape, type, offset: 0, bytes: 0 }),
  );
  return { path: "", version: 3, metadata: new Map(), tensors, alignment: 32, dataOffset: 0, fileBytes: 0 };
}

function layers(count: number, shapes: Readonly<Record<string, number[]>>): Record<string, number[]> {
  const all = Array.from({ length: count }, (_, layer) =>
    Object.entries(shapes).map(([role, shape]) => [`blk.${layer}.${role}`, shape]),
  );
  return Object.fromEntries(all.flat());
}

/** Four inputs a layer: 3 of 100 columns, 1 of 300. */
const dense = { attn_q: [100, 100], attn_k: [100, 50], attn_v: [100, 50], attn_output: [100, 100] };
const feedForward = { ffn_gate: [100, 300], ffn_up: [100, 300], ffn_down: [300, 100], attn_norm: [100] };
const layerBytes = 4 * (3 * 100 ** 2 + 300 ** 2);
const outputBytes = 4 * 100 ** 2;
const base = model({ token_embd: [100, 1000], ...layers(4, { ...dense, ...feedForward }) });

test("all layers in one pass where they fit, and the file is a quarter of the memory", () => {
  const { passes, sharedExperts, fileBytes } = planMoments(base, 4 * layerBytes + outputBytes);
  expect(passes).toEqual([{ layers: [0, 4], output: true }]);
  expect(sharedExperts).toBe(false);
  expect(fileBytes - 2 ** 20).toBe((4 * layerBytes + outputBytes) / 4);
});

test("as many passes as memory requires, the output matrix in the first, at least one layer each", () => {
  expect(planMoments(base, 2 * layerBytes + outputBytes).passes).toEqual([
    { layers: [0, 2], output: true },
    { layers: [2, 4], output: false },
  ]);
  expect(planMoments(base, 1).passes.map((pass) => pass.layers)).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
});

test("experts have a matrix each, or share one where those of a layer take more than 2 GB", () => {
  const experts = (count: number) =>
    model(
      layers(1, {
        ffn_gate_exps: [2048, 768, count],
        ffn_up_exps: [2048, 768, count],
        ffn_down_exps: [768, 2048, count],
      }),
    );
  const few = planMoments(experts(8), 1e12);
  expect([few.sharedExperts, few.fileBytes - 2 ** 20]).toEqual([false, 8 * (2048 ** 2 + 768 ** 2)]);
  const many = planMoments(experts(128), 1e12);
  expect([many.sharedExperts, many.fileBytes - 2 ** 20]).toEqual([true, 2048 ** 2 + 768 ** 2]);
});
