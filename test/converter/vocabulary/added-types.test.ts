import { expect, test } from "vitest";
import { typeAdded } from "../../../src/converter/vocabulary/added-types.js";

const tokens = ["<unk>", "<s>", "<|im_start|>", "▁▁", "<0x0A>", "a", "[PAD6]", "<tool>"];
const types = [2, 3, 1, 1, 6, 1, 5, 3];
const added = (id: number, content: string, special: boolean) => ({ id, content, special });

test("special added tokens are control tokens, others user-defined ones, with plain spaces", () => {
  const list = [
    ...[added(0, "<unk>", true), added(1, "<s>", true), added(2, "<|im_start|>", true), added(3, "▁▁", false)],
    added(4, "<0x0A>", false),
  ];
  expect(typeAdded({ tokens, types }, list, undefined)).toEqual({
    tokens: ["<unk>", "<s>", "<|im_start|>", "  ", "<0x0A>", "a", "[PAD6]", "<tool>"],
    types: [2, 3, 3, 4, 6, 1, 5, 3],
  });
});

test("a control token stays one, and other texts and ids are left alone", () => {
  const list = [added(7, "<tool>", false), added(6, "<new>", true), added(99, "<far>", true), added(5, "b", true)];
  expect(typeAdded({ tokens, types }, [...list, null, "a", { id: "5" }], undefined)).toEqual({ tokens, types });
});

test("added_tokens_decoder takes precedence", () => {
  const decoder = { 2: { content: "<|im_start|>", special: false }, 5: { content: "x", special: false } };
  const found = typeAdded({ tokens, types }, [added(2, "<|im_start|>", true), added(5, "a", true)], decoder);
  expect(found.types).toEqual([2, 3, 4, 1, 6, 3, 5, 3]);
});
