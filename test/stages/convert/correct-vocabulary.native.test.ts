import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { expect, test } from "vitest";
import { readVocabulary } from "../../../src/converter/vocabulary/read-vocabulary.js";
import { readPieces } from "../../../src/converter/vocabulary/sentencepiece-model.js";
import { readPretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { correctVocabulary } from "../../../src/stages/convert/correct-vocabulary.js";
import { demoFolder } from "../../fixtures/cli.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { tokenizeWithLlamaCpp, writeVocabulary } from "../../fixtures/tokenizer/llama-tokenize.js";
import { writeSentencePiece } from "../../fixtures/tokenizer/rebuild-sentencepiece.js";
import { trickyTexts } from "../../fixtures/tokenizer/tricky-texts.js";

const home = temporaryFolder();

test("the demo's model as transformers 5 saves it: tokenizer.json alone gives the tokens of tokenizer.model", async () => {
  const original = join(demoFolder, "tiny-llama");
  const pieces = readPieces(await readFile(join(original, "tokenizer.model")));
  const added = pieces.slice(0, 5).map(({ text }, id) => ({ id, content: text, special: true }));
  const fast = join(home, "fast");
  await mkdir(fast);
  const config = {
    ...{ tokenizer_class: "LlamaTokenizer", bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" },
    added_tokens_decoder: undefined,
  };
  await writeSentencePiece(fast, { pieces, added, config, dummyPrefix: true }, { model: false, json: true });
  const evaluation = await readFile(join(demoFolder, "text", "evaluation.txt"), "utf8");
  const turns = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n";
  const texts = [...trickyTexts, ...evaluation.slice(0, 50_000).split("\n"), turns].filter(
    (text) => !text.includes("<s>"),
  );
  const [expected, found] = [await tokensOf("original", original, texts), await tokensOf("fast", fast, texts)];
  expect(expected).toHaveLength(texts.length);
  expect(texts.filter((_, at) => expected[at]?.join() !== found[at]?.join())).toEqual([]);
  expect(found.at(-1)).toContain(pieces.findIndex(({ text }) => text === "<|im_start|>"));
});

test("Metaspace adds no space to a text that begins with one, as llama.cpp does", async () => {
  const folder = join(home, "metaspace");
  await mkdir(folder);
  const pieces = readPieces(await readFile(join(demoFolder, "tiny-llama", "tokenizer.model")));
  const config = { tokenizer_class: "LlamaTokenizer", unk_token: "<unk>", added_tokens_decoder: undefined };
  await writeSentencePiece(folder, { pieces, added: [], config, dummyPrefix: true }, { model: false, json: true });
  const path = join(folder, "tokenizer.json");
  const json = {
    ...JSON.parse(await readFile(path, "utf8")),
    ...{ normalizer: null, pre_tokenizer: { type: "Metaspace", replacement: "▁", split: false } },
  };
  await writeFile(path, JSON.stringify(json));
  const tokenizer = new Tokenizer(json, {});
  const ids = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const [plain, spaced] = await tokensOf("metaspace", folder, ["hello", " hello"]);
  expect([ids("hello"), ids(" hello")]).toEqual([plain, plain]);
  expect(spaced).not.toEqual(plain);
});

async function tokensOf(name: string, folder: string, texts: readonly string[]): Promise<number[][]> {
  const entries = await readVocabulary({
    ...{ folder, kind: "llama", config: { vocab_size: 4096 }, pretokenizer: "auto" },
    known: await readPretokenizers(await resolveToolchain()),
    context: { work: home, signal: new AbortController().signal },
  });
  await correctVocabulary(entries, folder);
  const model = join(home, `${name}.gguf`);
  await writeVocabulary(model, entries);
  return tokenizeWithLlamaCpp(model, texts, { text: "<s>", id: 1 });
}
