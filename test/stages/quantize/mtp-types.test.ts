import { expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { knownType } from "../../../src/quant/ggml-types.js";
import { mtpTypes, mtpWarnings, uncalibrated } from "../../../src/stages/quantize/mtp-types.js";

/** A model of one layer and one for multi-token prediction. */
const metadata = new Map<string, GgufValue>([
  ["general.architecture", { type: "string", value: "qwen35" }],
  ["qwen35.block_count", { type: "uint32", value: 2 }],
  ["qwen35.nextn_predict_layers", { type: "uint32", value: 1 }],
]);
const shapes: [name: string, ...shape: number[]][] = [
  ["blk.0.ffn_up.weight", 256, 8],
  ["blk.1.ffn_up.weight", 256, 8],
  ["blk.1.nextn.eh_proj.weight", 20, 8],
  ["blk.1.attn_norm.weight", 256],
];
const tensors = shapes.map(([name, ...shape]) => ({ name, shape, type: knownType("BF16"), offset: 0, bytes: 0 }));
const base = { metadata, tensors };

test("only matrices of MTP layers whose type needs an imatrix get another type", () => {
  const planned = (toType: string) => tensors.slice(0, 3).map(({ name }) => ({ name, toType }));
  const names = ["blk.1.ffn_up.weight", "blk.1.nextn.eh_proj.weight"];
  expect(uncalibrated(base, planned("IQ2_XS"), undefined, "IQ2_XS")).toEqual(names);
  expect(uncalibrated(base, planned("Q2_K"), undefined, "Q2_K")).toEqual([]);
  expect(uncalibrated(base, planned("Q2_K"), undefined, "Q2_K_S")).toEqual(names);
  expect(uncalibrated({ ...base, metadata: new Map() }, planned("IQ2_XS"), undefined, "IQ2_XS")).toEqual([]);
  expect([...mtpTypes(base, names)].map(([name, { name: type }]) => [name, type])).toEqual([[names[0], "Q8_0"]]);
  expect(mtpWarnings(names)).toMatchObject([{ code: "QW-QUANTIZE-MTP" }]);
});
