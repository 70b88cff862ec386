import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { beforeAll, describe, expect, test } from "vitest";
import { readVocabulary } from "../../../src/converter/vocabulary/read-vocabulary.js";
import type { VocabularyKind } from "../../../src/converter/vocabulary/vocabulary-kind.js";
import { type Pretokenizers, readPretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { correctVocabulary } from "../../../src/stages/convert/correct-vocabulary.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { tokenizeWithLlamaCpp, writeVocabulary } from "../../fixtures/tokenizer/llama-tokenize.js";
import { pinnedVocabularies } from "../../fixtures/tokenizer/pinned-vocabulary.js";
import { rebuildTokenizer, type TokenizerName } from "../../fixtures/tokenizer/rebuild-tokenizer.js";
import { trickyTexts } from "../../fixtures/tokenizer/tricky-texts.js";

interface Family {
  name: TokenizerName;
  /** Whether there is no tokenizer.model, as transformers 5 saves a checkpoint. */
  isFast?: boolean;
  kind: VocabularyKind;
  /** A special token that occurs in no text. */
  separator: string;
  /** The pre-tokenizer for the hash in upstream's table; `default` for SentencePiece. */
  pre: string;
  /** Returns the reason if llama.cpp and the library differ on a text. */
  differs?: (text: string) => string | undefined;
}

const families: readonly Family[] = [
  { name: "llama-bpe", kind: "llama", separator: "<|reserved_special_token_9|>", pre: "llama-bpe" },
  { name: "qwen2", kind: "qwen", separator: "<|endoftext|>", pre: "qwen2", differs: differsForQwen },
  { name: "deepseek-coder", kind: "llama", separator: "<|EOT|>", pre: "deepseek-coder", differs: differsForDigits },
  { name: "starcoder", kind: "llama", separator: "<jupyter_start>", pre: "starcoder", differs: differsForDigits },
  { name: "llama-spm", kind: "llama", separator: "<s>", pre: "default" },
  { name: "llama-spm", isFast: true, kind: "llama", separator: "<s>", pre: "default" },
  { name: "phi-3", kind: "phi3", separator: "<s>", pre: "default" },
  { name: "gemma", kind: "gemma2", separator: "<eos>", pre: "default" },
];

function differsForQwen(text: string): string | undefined {
  if (text !== text.normalize("NFC")) return "Qwen's tokenizer normalizes to NFC, llama.cpp does not";
  if (text.includes("</s>")) return "llama.cpp treats a plain token of this name as EOS";
  return undefined;
}

function differsForDigits(text: string): string | undefined {
  return /[\p{Nl}\p{No}]/u.test(text)
    ? "Python's library and llama.cpp treat fractions and Roman numerals as digits, the JavaScript library does not"
    : undefined;
}

const home = temporaryFolder();
const context = { work: home, signal: new AbortController().signal };
let known: Pretokenizers;

beforeAll(async () => {
  known = await readPretokenizers(await resolveToolchain());
});

test("there are over 200 texts", () => {
  expect(new Set(trickyTexts).size).toBeGreaterThan(200);
});

describe.each(families)("$name, fast: $isFast", ({ name, isFast = false, kind, separator, pre, differs }) => {
  let tokenizer: Tokenizer;
  let model: string;

  beforeAll(async () => {
    const folder = join(home, isFast ? `${name}-fast` : name);
    await mkdir(folder);
    const size = await rebuildTokenizer(name, folder, { model: !isFast, json: true });
    const config = { vocab_size: size };
    const entries = await readVocabulary({ folder, kind, config, pretokenizer: "auto", known, context });
    await correctVocabulary(entries, folder);
    expect(new Map(entries).get("tokenizer.ggml.pre")).toEqual({ type: "string", value: pre });
    model = join(folder, "vocabulary.gguf");
    await writeVocabulary(model, entries);
    tokenizer = new Tokenizer(JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")), {});
  });

  test("llama-tokenize returns the ids of the Hugging Face tokenizer for every tricky text", async () => {
    const texts = trickyTexts.filter((text) => !text.includes(separator));
    const id = tokenizer.token_to_id(separator) ?? -1;
    const found = await tokenizeWithLlamaCpp(model, texts, { text: separator, id });
    expect(found).toHaveLength(texts.length);
    const different = texts.filter((text, i) => found[i]?.join() !== idsOf(tokenizer, text).join());
    expect(different.filter((text) => differs?.(text) === undefined)).toEqual([]);
    // Fails when a listed difference no longer exists.
    if (differs) expect(different).not.toEqual([]);
  });

  // The rebuilt Gemma is truncated and has other ids.
  const recorded = name === "gemma" ? [] : [`ggml-vocab-${name}.gguf`];
  test.each(recorded)("the tokenizer returns the recorded ids of Hugging Face's tokenizer for %s", async (file) => {
    const path = join(await pinnedVocabularies(), file);
    const texts = (await readFile(`${path}.inp`, "utf8")).split("\n__ggml_vocab_test__\n");
    const lines = (await readFile(`${path}.out`, "utf8")).split("\n");
    expect(texts.length).toBeGreaterThan(20);
    for (const [i, text] of texts.entries()) {
      const ids = lines[i]?.trim().split(/\s+/).filter(Boolean).map(Number);
      if (differs?.(text) === undefined) expect(idsOf(tokenizer, text), JSON.stringify(text)).toEqual(ids);
    }
  });
});

function idsOf(tokenizer: Tokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}
