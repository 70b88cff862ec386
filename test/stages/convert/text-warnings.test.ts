import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { templateWarnings } from "../../../src/stages/convert/template-warnings.js";
import { missingDense, missingPooling, missingTokens } from "../../../src/stages/convert/text-warnings.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();

/** The vocabulary of a file: texts, of which those in brackets are unused. */
function file(texts: readonly string[], more: Record<string, number> = {}) {
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "llama" }],
    ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: texts }],
    [
      "tokenizer.ggml.token_type",
      { type: "array", itemType: "int32", items: texts.map((text) => (text.startsWith("[PAD") ? 5 : 1)) },
    ],
    ...Object.entries(more).map(([key, value]): [string, GgufValue] => [key, { type: "uint32", value }]),
  ]);
  return { metadata };
}

describe("tokens of tokenizer.json that the file lacks", () => {
  const added = (...contents: string[]) => contents.map((content, id) => ({ id, content }));
  const json = "tokenizer.json";

  test("are named if their rows are unused", () => {
    const [warning] = missingTokens(file(["<s>", "[PAD1]", "[PAD2]"]), json, added("<s>", "<|call|>", "<|reply|>"));
    expect(warning).toMatchObject({ code: "QW-TOKENS-MISSING" });
    expect(warning?.message).toContain("2 tokens that the file lacks");
    expect(warning?.message).toContain('"<|call|>" and "<|reply|>"');
  });

  test("are named with the rows of a model that has none for them", () => {
    const [warning, ...more] = missingTokens(file(["<pad>", "x"]), json, added("<pad>", "x", "<image_soft_token>"));
    expect([warning?.code, warning?.message, more]).toEqual([
      "QW-TOKENS-MISSING",
      'tokenizer.json contains a token that the file lacks, since the model has 2 rows: "<image_soft_token>"',
      [],
    ]);
  });

  test("are not those that have another text, which the converter normalized", () => {
    expect(missingTokens(file(["<s>", " x"]), json, added("<s>", "▁x"))).toEqual([]);
    expect(missingTokens(file(["<s>"]), json, [])).toEqual([]);
  });
});

test("an embedding model without a pooling in its file", () => {
  expect(missingPooling(file([]), 3)).toMatchObject([{ code: "QW-POOLING-LOST" }]);
  expect(missingPooling(file([], { "llama.pooling_type": 3 }), 3)).toEqual([]);
  expect(missingPooling(file([]), undefined)).toEqual([]);
});

test("dense layers after the pooling are named", () => {
  const modules = ["Transformer", "Pooling", "Dense", "Normalize"].map((type, i) => ({
    type: `sentence_transformers.models.${type}`,
    path: `${i}_${type}`,
  }));
  expect(missingDense(modules)).toMatchObject([{ code: "QW-DENSE-LOST", message: expect.stringContaining("2_Dense") }]);
  expect(missingDense(modules.filter(({ path }) => path !== "2_Dense"))).toEqual([]);
  expect(missingDense({ not: "a list" })).toEqual([]);
});

describe("chat templates", () => {
  async function codes(files: Record<string, string | object>): Promise<string[]> {
    const folder = mkdtempSync(join(home, "model-"));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    return (await templateWarnings(folder)).map(({ code }) => code);
  }
  const config = (chat_template: unknown) => ({ "tokenizer_config.json": { chat_template } });
  const named = (...names: string[]) => names.map((name) => ({ name, template: `{{ ${name} }}` }));
  const tool = { "additional_chat_templates/tool_use.jinja": "T" };

  test("that are the same, or single, are no finding", async () => {
    expect(await codes({})).toEqual([]);
    expect(await codes(config("A\nB"))).toEqual([]);
    expect(await codes({ ...config("A\nB"), "chat_template.jinja": "A\r\nB" })).toEqual([]);
    expect(await codes({ ...config(null), "chat_template.jinja": "A", ...tool })).toEqual([]);
    expect(await codes(config(named("default", "rag")))).toEqual([]);
  });

  test("that differ", async () => {
    expect(await codes({ ...config("A"), "chat_template.jinja": "B" })).toEqual(["QW-TEMPLATE-DIFFERS"]);
    expect(await codes({ ...config(named("default")), "chat_template.jinja": "B" })).toEqual(["QW-TEMPLATE-DIFFERS"]);
  });

  test("without a default", async () => {
    expect(await codes(config(named("tool_use", "rag")))).toEqual(["QW-TEMPLATE-NO-DEFAULT"]);
  });

  test("in a folder that is read only beside a file", async () => {
    expect(await codes({ ...config("A"), ...tool })).toEqual(["QW-TEMPLATE-UNREAD"]);
  });
});
