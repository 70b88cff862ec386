import { expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { requireLoadable } from "../../../src/stages/convert/require-loadable.js";
import { thrownBy } from "../../fixtures/failure.js";

/** Metadata of a Mixtral, with other numbers. */
function model(numbers: Record<string, number>, tokens: readonly string[] = ["<s>", "", ""]) {
  const usual = { expert_count: 4, expert_used_count: 2, "attention.layer_norm_rms_epsilon": 1e-5 };
  const entries = Object.entries({ ...usual, ...numbers }).filter(([, value]) => !Number.isNaN(value));
  return {
    metadata: new Map<string, GgufValue>([
      ["general.architecture", { type: "string", value: "llama" }],
      ...entries.map(([key, value]): [string, GgufValue] => [`llama.${key}`, { type: "float32", value }]),
      ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: tokens }],
    ]),
  };
}

test.each([
  [{ expert_used_count: 5 }, "num_experts_per_tok is 5, not an integer from 1 to 4"],
  [{ expert_used_count: 0 }, "num_experts_per_tok is 0"],
  [{ expert_used_count: Number.NaN }, "num_experts_per_tok is missing"],
  [{ expert_count: 0 }, "num_experts_per_tok is 2, but the number of experts is missing"],
  [{ "attention.layer_norm_rms_epsilon": -1e-5 }, "rms_norm_eps is -0.00001, not a number from 0"],
  [{ "rope.freq_base": 0 }, "rope_theta is 0, not a number above 0"],
  [{ "rope.freq_base": -5 }, "rope_theta is -5"],
])("%# numbers with which llama.cpp ends are named", (numbers, part) => {
  const error = thrownBy(() => requireLoadable(model(numbers)));
  expect(error).toMatchObject({ code: "QS-CONVERT-CONFIG" });
  expect((error as Error).message).toContain(part);
});

test("two tokens of one text are named", () => {
  expect(thrownBy(() => requireLoadable(model({}, ["<s>", "a", "<s>"])))).toMatchObject({
    code: "QS-CONVERT-TOKENIZER",
    message: expect.stringContaining('tokens 0 and 2 have the same text, "<s>"'),
  });
});

test("usual numbers, and several tokens without text, are none of these", () => {
  expect(() => requireLoadable(model({ "rope.freq_base": 1e4 }))).not.toThrow();
  expect(() => requireLoadable(model({ "attention.layer_norm_rms_epsilon": 0 }))).not.toThrow();
});
