import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGguf } from "../../../src/gguf/read-header.js";
import { describeConverted } from "../../../src/stages/convert/convert-report.js";
import { failureOf } from "../../fixtures/failure.js";
import { architecture, arrayPair, buildGguf, stringPair, text, valueType } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();

const describe = async (file: string, params: Parameters<typeof describeConverted>[2]) =>
  describeConverted(await readGguf(file), "native", params);

test("a conversion without weights fails, even if the converter succeeded", async () => {
  const file = join(home, "model.gguf");
  writeFileSync(file, buildGguf());
  const params = { modelName: "M", baseModel: null, metadata: {}, pretokenizer: "auto", why: "a test" };
  const failure = await failureOf(describe(file, { ...params, outtype: "bf16" }));
  expect(failure).toMatchObject({ code: "QS-CONVERT-WEIGHTS", remedy: expect.stringContaining("model.safetensors") });
});

test.each([
  ["Llama-Phi3-Merge", ["</s>", "<unk>", "<s>"], "QS-CONVERT-TOKENIZER"],
  ["Phi-3-mini", ["</s>", "<unk>", "<s>", "<|endoftext|>"], undefined],
  ["Phi-4", ["<|endoftext|>"], undefined],
])("a name that llama.cpp takes for Phi 3: %s", async (name, tokens, code) => {
  const file = join(home, `${name}.gguf`);
  const metadata = [
    architecture,
    stringPair("general.name", name),
    arrayPair(
      "tokenizer.ggml.tokens",
      valueType.string,
      tokens.map((token) => text(token)),
    ),
  ];
  writeFileSync(file, buildGguf({ metadata, tensors: [{ name: "a", shape: [8] }] }));
  const params = { why: "a test", pretokenizer: "auto" };
  const outcome = await describe(file, params).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome === undefined ? undefined : (outcome as { code: string }).code).toBe(code);
});
