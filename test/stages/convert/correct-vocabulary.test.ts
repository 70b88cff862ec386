import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { writeGguf } from "../../../src/gguf/write-gguf.js";
import { correctHeader } from "../../../src/stages/convert/correct-header.js";
import { correctVocabulary, readTokenizerFacts } from "../../../src/stages/convert/correct-vocabulary.js";
import { vocabularyWarnings } from "../../../src/stages/convert/vocabulary-warnings.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { encodeSentencePiece, type SentencePieceOptions } from "../../fixtures/tokenizer/sentencepiece-writer.js";

const home = temporaryFolder();
let count = 0;
const { signal } = new AbortController();

const texts = ["<unk>", "<s>", "<|turn|>", "▁", "a", "b", "ab", "▁ab"];
const spaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
const prepend = { type: "Prepend", prepend: "▁" };

/** A tokenizer.json as transformers 5 saves it. */
const fast = (more: object = {}, model: object = {}) => ({
  normalizer: { type: "Sequence", normalizers: [prepend, spaces] },
  pre_tokenizer: null,
  decoder: { type: "Sequence", decoders: [] },
  added_tokens: [0, 1, 2].map((id) => ({ id, content: texts[id], special: true })),
  model: {
    type: "BPE",
    byte_fallback: true,
    vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
    merges: ["a b", "▁ ab"],
    ...model,
  },
  ...more,
});

/** The entries that llama.cpp's converter writes. */
const converted = (scores: readonly number[] = texts.map(() => -1000)): [string, GgufValue][] => [
  ["tokenizer.ggml.model", { type: "string", value: "llama" }],
  ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: texts }],
  ["tokenizer.ggml.scores", { type: "array", itemType: "float32", items: scores }],
  ["tokenizer.ggml.token_type", { type: "array", itemType: "int32", items: [3, 3, 1, 1, 1, 1, 1, 1] }],
];

async function snapshot(files: Record<string, object | Buffer>): Promise<string> {
  const folder = join(home, String(count++));
  await mkdir(folder);
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return folder;
}

const plain = (entries: Iterable<readonly [string, GgufValue]>) =>
  Object.fromEntries([...entries].map(([key, value]) => [key, value.type === "array" ? value.items : value.value]));

/** Returns the corrected entries and the warnings of a folder with these files. */
async function correct(files: Record<string, object | Buffer>, entries = converted()) {
  const folder = await snapshot(files);
  await correctVocabulary(entries, folder);
  const facts = await readTokenizerFacts({ metadata: new Map(entries) }, folder);
  const warnings = facts === undefined ? [] : vocabularyWarnings(facts);
  expect(warnings.every(({ code }) => code === "QW-KEYS-LOST")).toBe(true);
  return { ...plain(entries), warnings: warnings.map(({ message }) => message) };
}

const pieces = texts.map((text, id) => ({ text, score: -id, type: id === 0 ? 2 : 1 }));
const sentencePiece = (options: Partial<SentencePieceOptions> = {}) =>
  encodeSentencePiece(pieces, { addDummyPrefix: true, ...options });
const scored = () => converted(pieces.map(({ score }) => score));

describe("tokenizer.json without tokenizer.model", () => {
  test("gets scores by the order of merges, and its special tokens are control tokens", async () => {
    expect(await correct({ "tokenizer.json": fast() })).toEqual({
      ...plain(converted()),
      "tokenizer.ggml.scores": [-3, -3, -3, -3, -3, -3, 0, -1],
      "tokenizer.ggml.token_type": [3, 3, 3, 1, 1, 1, 1, 1],
      warnings: [],
    });
  });

  test("gets the same entries in a file of llama.cpp's converter", async () => {
    const folder = await snapshot({ "tokenizer.json": fast() });
    const file = join(folder, "model.gguf");
    const general: [string, GgufValue] = ["general.architecture", { type: "string", value: "llama" }];
    await writeGguf(file, { metadata: new Map([general, ...converted()]), tensors: [] });
    const corrected = await correctHeader(await readGguf(file), folder, { signal, note: () => undefined });
    const entries = converted();
    await correctVocabulary(entries, folder);
    expect([...corrected.metadata]).toEqual([general, ...entries]);
    expect(corrected).toEqual(await readGguf(file));
  });

  test("says that a text gets no space", async () => {
    const prefix = async (more: object) =>
      ((await correct({ "tokenizer.json": fast(more) })) as Record<string, unknown>)["tokenizer.ggml.add_space_prefix"];
    const metaspace = (more: object) => ({ normalizer: null, pre_tokenizer: { type: "Metaspace", ...more } });
    expect(await prefix({})).toBeUndefined();
    expect(await prefix({ normalizer: spaces })).toBe(false);
    expect(await prefix(metaspace({ prepend_scheme: "never" }))).toBe(false);
    expect(await prefix(metaspace({ prepend_scheme: "first" }))).toBeUndefined();
    expect(await prefix(metaspace({ add_prefix_space: true }))).toBeUndefined();
  });

  test("warns of what llama.cpp does otherwise", async () => {
    const warnings = async (more: object, model: object = {}) =>
      (await correct({ "tokenizer.json": fast(more, model) })).warnings;
    expect(await warnings({}, { merges: ["a b"] })).toEqual([
      'tokenizer.json, `model.merges`: llama.cpp also forms tokens for whose parts there is no merge: "▁ab"',
    ]);
    expect(await warnings({ normalizer: { type: "Lowercase" } })).toEqual([
      'tokenizer.json, `normalizer` ("Lowercase"): llama.cpp changes only the spaces of a text',
    ]);
    // Words are split at spaces, within which no token is.
    const metaspace = (more: object = {}) => ({ type: "Metaspace", split: true, ...more });
    expect(await warnings({ normalizer: null, pre_tokenizer: metaspace({ prepend_scheme: "never" }) })).toEqual([]);
    const again = [
      'tokenizer.json, `pre_tokenizer` ("Metaspace"): llama.cpp also puts a space before a text that begins with one',
    ];
    expect(await warnings({ normalizer: null, pre_tokenizer: metaspace() })).toEqual(again);
    expect(await warnings({ pre_tokenizer: metaspace() })).toEqual([]);
    expect(await warnings({}, { ignore_merges: true })).toEqual([]);
    expect((await warnings({}, { ignore_merges: true, merges: [] })).at(-1)).toBe(
      'tokenizer.json, `model.ignore_merges` (true): llama.cpp never forms words of the vocabulary without merges: "▁ab"',
    );
  });

  test("warns of a split at digits only for a vocabulary with tokens that it splits", async () => {
    const model = fast().model as { vocab: Record<string, number> };
    const warnings = async (texts: string[], step: object, ...more: object[]) => {
      const vocab = { ...model.vocab, ...Object.fromEntries(texts.map((text, index) => [text, 100 + index])) };
      const steps = { type: "Sequence", pretokenizers: [{ type: "Digits", ...step }, ...more] };
      const found = (await correct({ "tokenizer.json": fast({ pre_tokenizer: steps }, { vocab }) })).warnings;
      return found.filter((message) => message.includes("Digits"));
    };
    const lost = ['tokenizer.json, `pre_tokenizer` ("Digits"): llama.cpp does not split a text before it merges'];
    const each = { individual_digits: true };
    expect(await warnings(["1", "<0x31>"], each)).toEqual([]);
    expect(await warnings(["12"], each)).toEqual(lost);
    expect(await warnings(["12"], {})).toEqual([]);
    expect(await warnings(["▁1"], {})).toEqual(lost);
    expect(await warnings(["1"], each, { type: "Metaspace" })).toEqual(lost);
  });
});

describe("tokenizer.model", () => {
  test("keeps its scores; tokenizer.json's special tokens are control tokens, with one engine or the other", async () => {
    expect(await correct({ "tokenizer.model": sentencePiece(), "tokenizer.json": fast() }, scored())).toEqual({
      ...plain(scored()),
      "tokenizer.ggml.token_type": [3, 3, 3, 1, 1, 1, 1, 1],
      warnings: [],
    });
  });

  test("with the usual settings changes nothing", async () => {
    expect(await correct({ "tokenizer.model": sentencePiece() }, scored())).toEqual({
      ...plain(scored()),
      warnings: [],
    });
  });

  test("without a space before a text says so, unless the converter does", async () => {
    const files = { "tokenizer.model": sentencePiece({ addDummyPrefix: false }) };
    expect(await correct(files, scored())).toEqual({
      ...plain(scored()),
      "tokenizer.ggml.add_space_prefix": false,
      warnings: [],
    });
    const given: [string, GgufValue] = ["tokenizer.ggml.add_space_prefix", { type: "bool", value: true }];
    expect(await correct(files, [...scored(), given])).toMatchObject({ "tokenizer.ggml.add_space_prefix": true });
  });

  test("with scores that are no numbers is refused, also after llama.cpp's converter", async () => {
    const folder = await snapshot({ "tokenizer.model": sentencePiece() });
    const found = await failureOf(correctVocabulary(converted(texts.map(() => Number.NaN)), folder));
    expect(found).toMatchObject({ code: "QS-CONVERT-TOKENIZER", message: expect.stringContaining("is NaN") });
  });
});

test("other vocabularies stay as they are", async () => {
  const entries = converted();
  entries[0] = ["tokenizer.ggml.model", { type: "string", value: "gpt2" }];
  expect(await correct({ "tokenizer.json": fast() }, [...entries])).toEqual({ ...plain(entries), warnings: [] });
});
