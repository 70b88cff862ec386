import { expect, test } from "vitest";
import { parseConfig } from "../../src/checkpoint/read-config.js";

const parse = (more: object) =>
  parseConfig("config.json", Buffer.from(JSON.stringify({ architectures: ["LlamaForCausalLM"], ...more })));

test.each([
  ["quantization_config", [1]],
  ["quantization_config", "fp8"],
  ["text_config", null],
  ["vision_config", 7],
])("%s: %j is no mapping", (key, value) => {
  expect(() => parse({ [key]: value })).toThrow(`config.json is unusable: ${key} is not a JSON object`);
});

test("null counts as absent, except for the language model", () => {
  expect(parse({ quantization_config: null, vision_config: null, text_config: {} }).architecture).toBe(
    "LlamaForCausalLM",
  );
});
