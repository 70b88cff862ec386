import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { readVocabulary } from "../../../src/converter/vocabulary/read-vocabulary.js";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { type Pretokenizers, readPretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { addedToken, type SmallBpe, smallBpe, writeSmallBpe } from "../../fixtures/tokenizer/small-bpe.js";

const home = temporaryFolder();
const context = { work: home, signal: new AbortController().signal };
const demo = fileURLToPath(new URL("../../../recipes/demo/tiny-llama", import.meta.url));
let known: Pretokenizers;
let count = 0;

beforeAll(async () => {
  known = await readPretokenizers(await resolveToolchain());
});

interface Choice {
  pretokenizer?: string;
  size?: number;
  files?: Record<string, string>;
}

/** Returns the vocabulary of the small tokenizer after `change`. */
async function vocabulary(change: (small: SmallBpe) => void, choice: Choice = {}): Promise<Map<string, unknown>> {
  const folder = join(home, String(count++));
  const small = smallBpe();
  change(small);
  await writeSmallBpe(folder, small);
  for (const [name, text] of Object.entries(choice.files ?? {})) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const { pretokenizer = "gpt-2", size = 264 } = choice;
  const entries = await readVocabulary({
    folder,
    kind: "bpe",
    config: { vocab_size: size },
    pretokenizer,
    known,
    context,
  });
  return new Map(entries.map(([key, value]) => [key.replace("tokenizer.", ""), plain(value)]));
}

function plain(value: GgufValue): unknown {
  return value.type === "array" ? value.items : value.value;
}

// Expected values were verified once against `convert_hf_to_gguf.py --vocab-only` on GPT-2's tokenizer with equal changes.

test("a small BPE: padded, with merges and EOS token, in the converter's order", async () => {
  const found = await vocabulary(() => {});
  expect([...found.keys()]).toEqual([
    ...["ggml.model", "ggml.pre", "ggml.tokens", "ggml.token_type", "ggml.merges", "ggml.eos_token_id"],
  ]);
  expect(found.get("ggml.model")).toBe("gpt2");
  expect((found.get("ggml.tokens") as string[]).slice(256)).toEqual([
    ...["he", "ll", "hell", "<end>", "[PAD260]", "[PAD261]", "[PAD262]", "[PAD263]"],
  ]);
  expect((found.get("ggml.token_type") as number[]).slice(255)).toEqual([1, 1, 1, 1, 3, 5, 5, 5, 5]);
  expect(found.get("ggml.merges")).toEqual(["h e", "l l", "he ll"]);
  expect(found.get("ggml.eos_token_id")).toBe(259);
});

test("an added token beyond the model's rows is left out", async () => {
  const found = await vocabulary(
    ({ tokenizer }) => tokenizer.added_tokens.push(addedToken(260, "<image_soft_token>", { special: true })),
    { size: 260 },
  );
  expect((found.get("ggml.tokens") as string[]).slice(258)).toEqual(["hell", "<end>"]);
  expect(found.get("ggml.eos_token_id")).toBe(259);
});

test("merges as pairs, including tokens with spaces", async () => {
  const found = await vocabulary(
    ({ tokenizer: { model } }) => {
      model.merges = [
        ["h", "e"],
        ["l", "l"],
        ["he", "ll"],
        ["h", " "],
      ];
      Object.assign(model.vocab, { " ": 259, "h ": 260 });
    },
    { size: 400 },
  ).catch((error: unknown) => error);
  // The added token's id 259 belongs to another token of the vocabulary.
  expect(found).toMatchObject({ code: "QS-CONVERT-TOKENIZER" });
  const moved = await vocabulary(({ tokenizer }) => {
    tokenizer.added_tokens = [];
    tokenizer.model.merges = [
      ["h", "e"],
      ["l", "l"],
      ["he", "ll"],
      ["h", " "],
    ];
    Object.assign(tokenizer.model.vocab, { " ": 259, "h ": 260 });
  });
  expect(moved.get("ggml.merges")).toEqual(["h e", "l l", "he ll", "h Ġ"]);
});

test("added tokens: types by flags and text, spaces, clean-up, new special tokens last", async () => {
  const found = await vocabulary(
    ({ tokenizer, config }) => {
      tokenizer.added_tokens.push(
        addedToken(260, "<tool>"),
        addedToken(261, " ."),
        addedToken(262, "a▁b", { normalized: true }),
        addedToken(263, "<|odd|>", { normalized: true }),
        addedToken(264, "Ġx y"),
        addedToken(265, "éé"),
      );
      Object.assign(config, { clean_up_tokenization_spaces: true, additional_special_tokens: ["<tool>", "<new>"] });
    },
    { size: 268 },
  );
  expect((found.get("ggml.tokens") as string[]).slice(260)).toEqual([
    ...["<tool>", ".", "a b", "<|odd|>", "Ġx y", "\ufffd\ufffd", "<new>", "[PAD267]"],
  ]);
  expect((found.get("ggml.token_type") as number[]).slice(260)).toEqual([3, 4, 4, 3, 4, 4, 3, 5]);
});

test.each([
  ["hell", {}, [1, 1, 3, 3, 5]],
  ["<pad>", {}, [1, 1, 1, 3, 3]],
  ["hell", { pad_token: "<end>" }, [1, 1, 1, 3, 5]],
  ["hell", { pad_token: null }, [1, 1, 1, 3, 5]],
])("the padding token %s, with the configuration %j", async (pad_token, more, types) => {
  const found = await vocabulary(({ tokenizer, config }) => {
    tokenizer.padding = { strategy: "BatchLongest", direction: "Right", pad_id: 258, pad_type_id: 0, pad_token };
    Object.assign(config, more);
  });
  expect((found.get("ggml.token_type") as number[]).slice(256, 261)).toEqual(types);
});

test("tokens in model-specific roles come last", async () => {
  const found = await vocabulary(({ config }) => {
    const extra = { image_token: "<img>", end_token: "<end>", plain_token: "hell" };
    Object.assign(config, { additional_special_tokens: ["<new>"], extra_special_tokens: extra });
  });
  expect((found.get("ggml.tokens") as string[]).slice(258)).toEqual([
    ...["hell", "<end>", "<new>", "<img>", "[PAD262]", "[PAD263]"],
  ]);
  expect((found.get("ggml.token_type") as number[]).slice(257)).toEqual([1, 3, 3, 3, 3, 5, 5]);
});

test.each([[null], [{ image_token: { __type: "AddedToken", content: "<img>" } }], [{ eos_token: "x" }]])(
  "extra_special_tokens that only llama.cpp's converter supports: %j",
  async (extra) => {
    const failure = await failureOf(vocabulary(({ config }) => Object.assign(config, { extra_special_tokens: extra })));
    expect(failure.message).toMatch(/native converter .*extra_special_tokens/);
    expect(failure.remedy).toContain("engine: upstream");
  },
);

test("special tokens: roles from both configurations, tokens of the post-processor, end of turn", async () => {
  const found = await vocabulary(({ tokenizer, config, model }) => {
    tokenizer.added_tokens.push(
      addedToken(260, "<bos>", { special: true }),
      addedToken(261, "<turn>", { special: true }),
    );
    const part = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
    const single = [part("<bos>"), { Sequence: { id: "A", type_id: 0 } }, part("<turn>")];
    tokenizer.post_processor = { type: "TemplateProcessing", single, pair: [], special_tokens: {} };
    Object.assign(config, { unk_token: { content: "<end>" }, add_bos_token: false, add_eos_token: null });
    Object.assign(model, { pad_token_id: 7, eos_token_id: [1, 2], text_config: { mask_token_id: 9 } });
  });
  const after = [...found].slice(5);
  expect(after).toEqual([
    ["ggml.bos_token_id", 260],
    ["ggml.eos_token_id", 261],
    ["ggml.unknown_token_id", 259],
    ["ggml.eot_token_id", 259],
    ["ggml.padding_token_id", 7],
    ["ggml.mask_token_id", 9],
    ["ggml.add_bos_token", false],
    ["ggml.add_eos_token", true],
  ]);
});

test("chat templates: a string, a list, files", async () => {
  const templates = async (config: object, files: Record<string, string> = {}) => {
    const found = await vocabulary((small) => Object.assign(small.config, config), { files });
    return Object.fromEntries([...found].filter(([key]) => key.startsWith("chat_template")));
  };
  expect(await templates({ chat_template: "{{ a }}" })).toEqual({ chat_template: "{{ a }}" });
  const list = [
    { name: "tool use", template: "t" },
    { name: "default", template: "d" },
    { name: "", template: "n" },
  ];
  expect(Object.entries(await templates({ chat_template: list }))).toEqual([
    ["chat_template.tool_use", "t"],
    ["chat_templates", ["tool_use"]],
    ["chat_template", "d"],
  ]);
  const jinja = { "chat_template.jinja": "{% if a %}\r\nb\rc\n" };
  expect(await templates({}, jinja)).toEqual({ chat_template: "{% if a %}\nb\nc\n" });
  // As in transformers, the file replaces any value of the configuration.
  expect(await templates({ chat_template: null }, jinja)).toEqual({ chat_template: "{% if a %}\nb\nc\n" });
  expect(await templates({}, { ...jinja, "additional_chat_templates/rag.jinja": "r" })).toEqual({
    "chat_template.rag": "r",
    chat_templates: ["rag"],
    chat_template: "{% if a %}\nb\nc\n",
  });
  expect(await templates({}, { "chat_template.json": '{"chat_template": "j"}' })).toEqual({ chat_template: "j" });
});

test("the demo model's tokenizer.model", async () => {
  const config = { vocab_size: 1000 };
  const found = new Map(
    await readVocabulary({ folder: demo, kind: "llama", config, pretokenizer: "auto", known, context }),
  );
  const items = (key: string) => plain(found.get(`tokenizer.ggml.${key}`) ?? { type: "bool", value: false });
  expect(items("model")).toBe("llama");
  expect((items("tokens") as string[]).slice(0, 4)).toEqual(["<unk>", "<s>", "</s>", "<|im_start|>"]);
  expect((items("tokens") as string[]).at(-1)).toBe("Man");
  expect((items("token_type") as number[]).slice(0, 4)).toEqual([3, 3, 3, 3]);
  expect(items("tokens")).toHaveLength(1000);
});

test("a named pre-tokenizer is used, and a wrong name gets a suggestion", async () => {
  expect((await vocabulary(() => {}, { pretokenizer: "llama-bpe" })).get("ggml.pre")).toBe("llama-bpe");
  const failure = await failureOf(vocabulary(() => {}, { pretokenizer: "qwen-2" }));
  expect(failure.code).toBe("QS-CONVERT-PRETOKENIZER");
  expect(failure.remedy).toContain("convert: { pretokenizer: qwen2 }");
});

test("an unknown pre-tokenizer: the error contains its hash and the most similar one", async () => {
  const failure = await failureOf(vocabulary(() => {}, { pretokenizer: "auto" }));
  expect(failure.code).toBe("QS-CONVERT-PRETOKENIZER");
  expect(failure.message).toMatch(/hash [0-9a-f]{64}; all of its splits of llama\.cpp's test text match "gpt-2"/);
  expect(failure.remedy).toContain("convert: { pretokenizer: gpt-2 }");
  const other = await failureOf(
    vocabulary(
      ({ tokenizer }) => {
        const digits = { type: "Split", pattern: { Regex: "[0-9]{2}" }, behavior: "Isolated", invert: false };
        tokenizer.pre_tokenizer = { type: "Sequence", pretokenizers: [digits, tokenizer.pre_tokenizer] };
      },
      { pretokenizer: "auto" },
    ),
  );
  expect(other.message).toMatch(/; \d\d(\.\d)? % of its splits/);
  expect(other.remedy).toContain("Request support");
});
