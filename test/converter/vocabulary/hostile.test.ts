import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NativeUnsupportedError } from "../../../src/converter/native-errors.js";
import { pretokenizerHash } from "../../../src/converter/vocabulary/pretokenizer-hash.js";
import { readVocabulary } from "../../../src/converter/vocabulary/read-vocabulary.js";
import { readPieces } from "../../../src/converter/vocabulary/sentencepiece-model.js";
import type { VocabularyKind } from "../../../src/converter/vocabulary/vocabulary-kind.js";
import type { Pretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../../src/util/canonical-json.js";
import type { QuantsmithError } from "../../../src/util/errors.js";
import { failureOf, thrownBy } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { encodeSentencePiece } from "../../fixtures/tokenizer/sentencepiece-writer.js";
import { addedToken, type SmallBpe, smallBpe, writeSmallBpe } from "../../fixtures/tokenizer/small-bpe.js";

const home = temporaryFolder();
const known: Pretokenizers = { checkText: "hello", names: {}, patterns: { "gpt-2": ["\\S+"] } };
let count = 0;

async function failure(
  change: (small: SmallBpe) => void,
  choice: { kind?: VocabularyKind; size?: unknown; files?: Record<string, string | Buffer> } = {},
): Promise<QuantsmithError> {
  const folder = join(home, String(count++));
  const small = smallBpe();
  change(small);
  await writeSmallBpe(folder, small);
  for (const [name, content] of Object.entries(choice.files ?? {})) await writeFile(join(folder, name), content);
  const { kind = "bpe", size = 264 } = choice;
  const config = { vocab_size: size as number };
  return failureOf(readVocabulary({ folder, kind, config, pretokenizer: "gpt-2", known }));
}

const same = () => {};
const nested = (depth: number) => `${'{"type":"Sequence","normalizers":['.repeat(depth)}${"]}".repeat(depth)}`;
const deep = JSON.parse(nested(40)) as object;

const bpe: [name: string, change: (small: SmallBpe) => void, message: RegExp, size?: unknown][] = [
  [
    "a type other than BPE",
    ({ tokenizer }) => {
      tokenizer.model.type = "Unigram";
    },
    /of type BPE/,
  ],
  ["no vocabulary", ({ tokenizer }) => void Reflect.deleteProperty(tokenizer.model, "vocab"), /has no vocab/],
  [
    "a negative id",
    ({ tokenizer }) => {
      tokenizer.model.vocab.he = -1;
    },
    /id of token "he" is "-1"/,
  ],
  [
    "a fraction as id",
    ({ tokenizer }) => {
      tokenizer.model.vocab.he = 1.5;
    },
    /id of token "he"/,
  ],
  [
    "an absurd id",
    ({ tokenizer }) => {
      tokenizer.model.vocab.he = 4e9;
    },
    /id of token "he"/,
  ],
  [
    "an id twice",
    ({ tokenizer }) => {
      tokenizer.model.vocab.he = 257;
    },
    /both have 257/,
  ],
  [
    "no merges",
    ({ tokenizer }) => {
      tokenizer.model.merges = [];
    },
    /no merges/,
  ],
  ["a merge of unknown tokens", ({ tokenizer }) => tokenizer.model.merges.push("x y"), /merge 3 names "xy"/],
  ["a merge of one token", ({ tokenizer }) => tokenizer.model.merges.push("x"), /merge 3 does not name two/],
  ["merges of two kinds", ({ tokenizer }) => tokenizer.model.merges.push(["h", "e"]), /merge 3 is neither/],
  [
    "merges that are numbers",
    ({ tokenizer }) => {
      tokenizer.model.merges = [1];
    },
    /merge 0 is neither/,
  ],
  [
    "an added token with a gap",
    ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(299, "<x>")),
    /where its place in tokenizer.json gives 260/,
  ],
  [
    "an added token without text",
    ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(260, "")),
    /without any text/,
  ],
  [
    "an added token that is a number",
    ({ tokenizer }) => tokenizer.added_tokens.push(7 as unknown as object),
    /no object/,
  ],
  [
    "half a surrogate pair",
    ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(260, "\ud800", { normalized: true })),
    /no Unicode/,
  ],
  ["more tokens than rows", same, /260 tokens, and the model has room for 200/, 200],
  ["no vocab_size", same, /vocab_size is null/, null],
  ["an absurd vocab_size", same, /vocab_size is 1000000000000/, 1e12],
  [
    "an unknown tokenizer class",
    ({ config }) => {
      config.tokenizer_class = "MyTokenizer";
    },
    /tokenizer class "MyTokenizer"/,
  ],
  [
    "a template that is no text",
    ({ config }) => {
      config.chat_template = 7;
    },
    /neither a text nor a list/,
  ],
  [
    "a named template that is no text",
    ({ config }) => {
      config.chat_template = [{ name: "a", template: {} }];
    },
    /is no text/,
  ],
  [
    "normalizers without end",
    ({ tokenizer }) => {
      tokenizer.normalizer = deep;
    },
    /nested over 32 deep/,
  ],
  [
    "a negative special token",
    ({ model }) => {
      model.bos_token_id = -5;
    },
    /id of the bos token is -5/,
  ],
  [
    "a decoder from elsewhere",
    ({ tokenizer }) => {
      tokenizer.decoder = { type: "CTC" };
    },
    /decoder "CTC"/,
  ],
];

test.each(bpe)("tokenizer.json with %s", async (_, change, message, size = 264) => {
  const { code, message: found, remedy } = await failure(change, { size });
  expect(code).toBe("QS-CONVERT-TOKENIZER");
  expect(found).toMatch(message);
  expect(remedy).not.toBe("");
});

test.each([
  ["tokenizer.json", "{", /not JSON/],
  ["tokenizer.json", "[]", /no JSON object/],
  ["tokenizer.json", Buffer.from([0x7b, 0xff]), /not UTF-8/],
  ["tokenizer_config.json", "nope", /not JSON/],
  ["special_tokens_map.json", "7", /no JSON object/],
])("%s that holds %s", async (name, content, message) => {
  const found = await failure(same, { files: { [name]: content } });
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(message);
});

test.each(["tokenizer.json", "tokenizer_config.json"])("%s with brackets without end", async (name) => {
  const found = await failure(same, { files: { [name]: `{"tokenizer_class":${"[".repeat(20_000)}` } });
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(/20001 levels/);
});

test("a file of absurd size is not read", async () => {
  const folder = join(home, "huge");
  await writeSmallBpe(folder, smallBpe());
  await truncate(join(folder, "tokenizer.json"), 2 ** 40);
  const request = { folder, config: { vocab_size: 264 }, pretokenizer: "auto", known };
  const found = await failureOf(readVocabulary({ ...request, kind: "bpe" }));
  expect(found.message).toMatch(/1099511627776 bytes/);
});

test("regular expressions that never end are given up", () => {
  const { tokenizer } = smallBpe();
  const pattern = { Regex: "(.+)+\\u0000" };
  const pre_tokenizer = { type: "Split", pattern, behavior: "Isolated", invert: false };
  const found = thrownBy(() => pretokenizerHash({ ...tokenizer, pre_tokenizer } as JsonObject, "h".repeat(200), 300));
  expect(found.message).toMatch(/takes too long/);
  expect(found).toBeInstanceOf(NativeUnsupportedError);
});

test.each<[VocabularyKind, RegExp]>([
  ["bpe", /no tokenizer.json/],
  ["qwen", /no tokenizer.json/],
  ["llama", /no tokenizer.json/],
  ["gemma2", /no tokenizer.model/],
  ["gemma3", /no tokenizer.json/],
  ["phi3", /no tokenizer.model/],
])("no files at all, as %s", async (kind, message) => {
  const folder = join(home, `empty-${kind}`);
  await mkdir(folder);
  const config = { vocab_size: 264 };
  const found = await failureOf(readVocabulary({ folder, kind, config, pretokenizer: "auto", known }));
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(message);
});

const pieces = [
  { text: "<unk>", score: 0, type: 2 },
  { text: "<s>", score: 0, type: 3 },
  { text: "a", score: -1.5, type: 1 },
];

test("a SentencePiece model comes back as it was written", () => {
  expect(readPieces(encodeSentencePiece(pieces, { addDummyPrefix: true }))).toEqual(pieces);
});

test.each<[string, Buffer, RegExp]>([
  ["nothing", Buffer.alloc(0), /one piece for what is unknown/],
  ["text", Buffer.from("this is no model"), /byte|field/],
  ["a length beyond its end", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), /reaches beyond its end/],
  ["a number without end", Buffer.alloc(20, 0xff), /does not end/],
  ["a group, which nobody writes", Buffer.from([0x0b]), /no field of a protocol buffer/],
  [
    "a piece twice",
    encodeSentencePiece([...pieces, { text: "a", score: 0, type: 1 }], { addDummyPrefix: true }),
    /occurs twice/,
  ],
  [
    "a piece without text",
    encodeSentencePiece([...pieces, { text: "", score: 0, type: 1 }], { addDummyPrefix: true }),
    /has no text/,
  ],
  [
    "a part of the bytes",
    encodeSentencePiece([...pieces, { text: "<0x00>", score: 0, type: 6 }], { addDummyPrefix: true }),
    /1 pieces for bytes, with byte_fallback/,
  ],
  [
    "a byte that is none",
    encodeSentencePiece([...pieces, { text: "<0xzz>", score: 0, type: 6 }], { addDummyPrefix: true }),
    /"<0xzz>", is no byte/,
  ],
  [
    "a piece of an unknown type",
    encodeSentencePiece([...pieces, { text: "b", score: 0, type: 9 }], { addDummyPrefix: true }),
    /of type 9/,
  ],
  [
    "a cut end",
    encodeSentencePiece(pieces, { addDummyPrefix: true }).subarray(0, -3),
    /reaches beyond its end|does not end/,
  ],
])("tokenizer.model with %s", (_, bytes, message) => {
  const found = thrownBy(() => readPieces(bytes));
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(message);
});

test("no byte of a tokenizer.model can be changed to anything but a model or a coded error", () => {
  const bytes = encodeSentencePiece(pieces, { addDummyPrefix: true });
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      try {
        expect(readPieces(changed).length).toBeLessThanOrEqual(3);
      } catch (error) {
        expect(error).toMatchObject({ code: "QS-CONVERT-TOKENIZER" });
      }
    }
  }
});
