import { expect, test } from "vitest";
import { parseConfig, vocabularySize } from "../../src/checkpoint/read-config.js";

test.each([
  [{ vocab_size: 4096 }, 4096],
  [{ text_config: { vocab_size: 262208 } }, 262208],
  [{ vocab_size: 100, text_config: { vocab_size: 200 } }, 100],
  [{ text_config: "none" }, null],
  [{ vocab_size: "many" }, null],
])("the vocabulary size of %j", (config, size) => {
  expect(vocabularySize(config)).toBe(size);
});

test("a configuration from the Hub follows the same rules", () => {
  const parse = (text: string) => parseConfig("hf:me/model/config.json", Buffer.from(text));
  expect(parse('{"architectures": ["LlamaForCausalLM"], "vocab_size": 7}').config.vocab_size).toBe(7);
  for (const text of ["[]", "{", '{"vocab_size": 7}', "[".repeat(1000)]) {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "QS-FETCH-CONFIG" }));
  }
});
