import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readVocabulary } from "../../../src/converter/vocabulary/read-vocabulary.js";
import { readPieces } from "../../../src/converter/vocabulary/sentencepiece-model.js";
import type { VocabularyKind } from "../../../src/converter/vocabulary/vocabulary-kind.js";
import type { Pretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import type { QuantsmithError } from "../../../src/util/errors.js";
import { failureOf, thrownBy } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { encodeSentencePiece } from "../../fixtures/tokenizer/sentencepiece-writer.js";
import { addedToken, type SmallBpe, smallBpe, writeSmallBpe } from "../../fixtures/tokenizer/small-bpe.js";

const home = temporaryFolder();
const context = { work: home, signal: new AbortController().signal };
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
  return failureOf(readVocabulary({ folder, kind, config, pretokenizer: "gpt-2", known, context }));
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
    /token "he" has the invalid id "-1"/,
  ],
  [
    "a fractional id",
    ({ tokenizer }) => {
      tokenizer.model.vocab.he = 1.5;
    },
    /token "he" has the invalid id/,
  ],
  [
    "a huge id",
    ({ tokenizer }) => {
      tokenizer.model.vocab.he = 4e9;
    },
    /token "he" has the invalid id/,
  ],
  [
    "a duplicate id",
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
  ["merges of mixed kinds", ({ tokenizer }) => tokenizer.model.merges.push(["h", "e"]), /merge 3 is neither/],
  [
    "numeric merges",
    ({ tokenizer }) => {
      tokenizer.model.merges = [1];
    },
    /merge 0 is neither/,
  ],
  [
    "a gap before an added token",
    ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(299, "<x>")),
    /its position in tokenizer.json gives 260/,
  ],
  ["an empty added token", ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(260, "")), /without text/],
  ["a number as added token", ({ tokenizer }) => tokenizer.added_tokens.push(7 as unknown as object), /not an object/],
  [
    "half a surrogate pair",
    ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(260, "\ud800", { normalized: true })),
    /not valid Unicode/,
  ],
  ["more tokens than rows", same, /its vocabulary has 259 tokens, more than 200/, 200],
  ["no vocab_size", same, /vocab_size is null/, null],
  ["a huge vocab_size", same, /vocab_size is 1000000000000/, 1e12],
  [
    "an unknown tokenizer class",
    ({ config }) => {
      config.tokenizer_class = "MyTokenizer";
    },
    /tokenizer class "MyTokenizer"/,
  ],
  [
    "a numeric template",
    ({ config }) => {
      config.chat_template = 7;
    },
    /neither a string nor a list/,
  ],
  [
    "an object as named template",
    ({ config }) => {
      config.chat_template = [{ name: "a", template: {} }];
    },
    /is not a string/,
  ],
  [
    "deeply nested normalizers",
    ({ tokenizer }) => {
      tokenizer.normalizer = deep;
    },
    /nested more than 32 deep/,
  ],
  [
    "a negative special token",
    ({ model }) => {
      model.bos_token_id = -5;
    },
    /bos token has the invalid id -5/,
  ],
  [
    "an unsupported decoder",
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
  ["tokenizer.json", "[]", /not a JSON object/],
  ["tokenizer.json", Buffer.from([0x7b, 0xff]), /not UTF-8/],
  ["tokenizer_config.json", "nope", /not JSON/],
  ["special_tokens_map.json", "7", /not a JSON object/],
])("%s with the content %s", async (name, content, message) => {
  const found = await failure(same, { files: { [name]: content } });
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(message);
});

test.each(["tokenizer.json", "tokenizer_config.json"])("%s with endless brackets", async (name) => {
  const found = await failure(same, { files: { [name]: `{"tokenizer_class":${"[".repeat(20_000)}` } });
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(/20001 levels/);
});

test("a huge file is not read", async () => {
  const folder = join(home, "huge");
  await writeSmallBpe(folder, smallBpe());
  await truncate(join(folder, "tokenizer.json"), 2 ** 40);
  const request = { folder, config: { vocab_size: 264 }, pretokenizer: "auto", known, context };
  const found = await failureOf(readVocabulary({ ...request, kind: "bpe" }));
  expect(found.message).toMatch(/1099511627776 bytes/);
});

test.each<[VocabularyKind, RegExp]>([
  ["bpe", /no tokenizer.json/],
  ["qwen", /no tokenizer.json/],
  ["llama", /no tokenizer.json/],
  ["gemma2", /no tokenizer.model/],
  ["gemma3", /no tokenizer.json/],
  ["phi3", /no tokenizer.model/],
])("an empty folder, as %s", async (kind, message) => {
  const folder = join(home, `empty-${kind}`);
  await mkdir(folder);
  const config = { vocab_size: 264 };
  const found = await failureOf(readVocabulary({ folder, kind, config, pretokenizer: "auto", known, context }));
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(message);
});

const pieces = [
  { text: "<unk>", score: 0, type: 2 },
  { text: "<s>", score: 0, type: 3 },
  { text: "a", score: -1.5, type: 1 },
];

test("a SentencePiece model survives a round trip", () => {
  expect(readPieces(encodeSentencePiece(pieces, { addDummyPrefix: true }))).toEqual(pieces);
});

test.each<[string, Buffer, RegExp]>([
  ["nothing", Buffer.alloc(0), /exactly one unknown piece/],
  ["text", Buffer.from("not a model file"), /byte|field/],
  ["a length beyond its end", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), /extends beyond the end of the file/],
  ["an unterminated number", Buffer.alloc(20, 0xff), /is not terminated/],
  ["a group, an obsolete wire type", Buffer.from([0x0b]), /not start a valid protocol buffer field/],
  [
    "a duplicate piece",
    encodeSentencePiece([...pieces, { text: "a", score: 0, type: 1 }], { addDummyPrefix: true }),
    /occurs twice/,
  ],
  [
    "an empty piece",
    encodeSentencePiece([...pieces, { text: "", score: 0, type: 1 }], { addDummyPrefix: true }),
    /has no text/,
  ],
  [
    "too few byte pieces",
    encodeSentencePiece([...pieces, { text: "<0x00>", score: 0, type: 6 }], { addDummyPrefix: true }),
    /1 byte pieces with byte_fallback/,
  ],
  [
    "an invalid byte piece",
    encodeSentencePiece([...pieces, { text: "<0xzz>", score: 0, type: 6 }], { addDummyPrefix: true }),
    /"<0xzz>", does not name a byte/,
  ],
  [
    "a piece of an unknown type",
    encodeSentencePiece([...pieces, { text: "b", score: 0, type: 9 }], { addDummyPrefix: true }),
    /unknown type 9/,
  ],
  [
    "a score that is not a number",
    encodeSentencePiece([...pieces, { text: "b", score: Number.NaN, type: 1 }], { addDummyPrefix: true }),
    /the score of piece 3, "b", is not a number/,
  ],
  [
    "a truncated end",
    encodeSentencePiece(pieces, { addDummyPrefix: true }).subarray(0, -3),
    /extends beyond the end of the file|is not terminated/,
  ],
])("tokenizer.model with %s", (_, bytes, message) => {
  const found = thrownBy(() => readPieces(bytes));
  expect(found.code).toBe("QS-CONVERT-TOKENIZER");
  expect(found.message).toMatch(message);
});

test("every changed byte of a tokenizer.model gives a model or a coded error", () => {
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
