import { expect, test } from "vitest";
import { convertFailures } from "../../../src/llamacpp/python/convert-failures.js";

/** Returns code and message of the first pattern that matches a traceback. */
function failure(text: string) {
  for (const { pattern, code, message } of convertFailures) {
    const match = pattern.exec(text);
    if (match) return { code, message: message(match) };
  }
  return undefined;
}

const notFound = (folder: string) => `  raise FileNotFoundError(f"File not found: {path}")
FileNotFoundError: File not found: ${folder}/tokenizer.model
`;

test("a missing file is named by its name alone", () => {
  expect(failure(notFound("my-token-model"))).toEqual({
    code: "QS-CONVERT-TOKENIZER",
    message: "the model's tokenizer files are missing or invalid: tokenizer.model",
  });
});

test("the last exception of several attempts is the reason", () => {
  const text = `${notFound("m")}
During handling of the above exception, another exception occurred:

ValueError: Tokenizer class OddTokenizer does not exist or is not currently imported.
`;
  expect(failure(text)?.message).toContain('"OddTokenizer", which the converter\'s transformers does not know');
  const other = `${notFound("m")}\nAttributeError: 'list' object has no attribute 'keys'\n`;
  expect(failure(other)?.message ?? "").not.toContain("tokenizer.model");
});

test.each([
  "Quant method is not yet supported: 'bitsandbytes'",
  "Quant format 'x' for method 'compressed-tensors' is not yet supported",
  "3-bit gptq dequantization is not yet implemented",
  "Can't handle multiple config groups for compressed-tensors yet",
])("weights that are not read: %s", (reason) => {
  expect(failure(`NotImplementedError: ${reason}\n`)).toMatchObject({ code: "QS-CONVERT-QUANTIZED" });
});

test("a tokenizer of which no file is there", () => {
  const text = `  File "/x/transformers/convert_slow_tokenizer.py", line 1857, in convert_slow_tokenizer
    elif transformer_tokenizer.vocab_file.endswith("tekken.json"):
AttributeError: 'NoneType' object has no attribute 'endswith'
`;
  expect(failure(text)?.code).toBe("QS-CONVERT-TOKENIZER");
});
