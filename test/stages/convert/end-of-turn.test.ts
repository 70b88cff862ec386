import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { metadataNumber } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { writeGguf } from "../../../src/gguf/write-gguf.js";
import { correctHeader } from "../../../src/stages/convert/correct-header.js";
import { type ConfiguredEnds, impliedEnd, missingEnds } from "../../../src/stages/convert/end-of-turn.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();

/** A vocabulary in which tokens in angle brackets are control tokens, with EOS 2. */
function file(texts: readonly string[], more: Record<string, number> = {}, template?: string) {
  const types = texts.map((text) => (text.startsWith("<") ? 3 : 1));
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "llama" }],
    ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: texts }],
    ["tokenizer.ggml.token_type", { type: "array", itemType: "int32", items: types }],
    ...Object.entries({ eos: 2, ...more }).map(([role, value]): [string, GgufValue] => [
      `tokenizer.ggml.${role}_token_id`,
      { type: "uint32", value },
    ]),
  ]);
  if (template !== undefined) metadata.set("tokenizer.chat_template", { type: "string", value: template });
  return { metadata };
}

const ends = (...ids: number[]): ConfiguredEnds => ({ ids, file: "generation_config.json" });
const texts = ["<unk>", "<s>", "</s>", "x", "<|fin|>", "<|im_end|>", "<|call|>"];
const template = "{{ m.content }}<|fin|>{{ 'x' }}";

describe("tokens that end a turn", () => {
  test("of one file alone are named", () => {
    const [warning] = missingEnds(file(texts), ends(2, 4));
    expect(warning).toMatchObject({ code: "QW-TOKENS-END", remedy: expect.stringContaining("eot_token_id:uint32=4") });
    expect(warning?.message).toContain('generation_config.json ends an answer at "<|fin|>" (4)');
    expect(missingEnds(file(texts), { ids: [2, 3], file: "config.json" })[0]?.message).toContain(
      'config.json ends an answer at "x"',
    );
  });

  test("are known by their key, by their text, or by another key", () => {
    expect(missingEnds(file(texts), ends(2, 5))).toEqual([]);
    expect(missingEnds(file(texts, { eot: 4 }), ends(2, 4))).toEqual([]);
    expect(missingEnds(file(texts), ends())).toEqual([]);
    // No answer contains a token beyond the vocabulary.
    expect(missingEnds(file(texts), ends(99))).toEqual([]);
  });

  test("are written when one control token of the chat template is left", () => {
    const entry = (role: string) => ({ key: `tokenizer.ggml.${role}_token_id`, id: 4, text: "<|fin|>" });
    expect(impliedEnd(file(texts, {}, template), ends(2, 4, 99))).toEqual(entry("eot"));
    expect(impliedEnd(file(texts, { eot: 5 }, template), ends(2, 4, 5))).toEqual(entry("eom"));
  });

  test("are written into a converted file", async () => {
    const [snapshot, path] = [join(folder, "snapshot"), join(folder, "model.gguf")];
    mkdirSync(snapshot);
    writeFileSync(join(snapshot, "generation_config.json"), JSON.stringify({ eos_token_id: [2, 4] }));
    await writeGguf(path, { ...file(texts, {}, template), tensors: [] });
    const notes: string[] = [];
    const context = { note: (text: string) => notes.push(text), signal: new AbortController().signal };
    const corrected = await correctHeader(await readGguf(path), snapshot, context);
    expect(corrected).toEqual(await readGguf(path));
    expect(metadataNumber(corrected, "tokenizer.ggml.eot_token_id")).toBe(4);
    expect(await correctHeader(corrected, snapshot, context)).toBe(corrected);
    expect(notes).toEqual(['answers end at "<|fin|>" as in transformers: tokenizer.ggml.eot_token_id = 4']);
  });

  test.each([
    ["known already", {}, template, ends(2, 5)],
    ["two", {}, template, ends(4, 0)],
    ["no control token", {}, template, ends(2, 3)],
    ["a token beyond the vocabulary", {}, template, ends(99)],
    ["a token that the template does not contain", {}, "{{ m.content }}", ends(2, 4)],
    ["a model without a template", {}, undefined, ends(2, 4)],
    ["a file with both keys", { eot: 5, eom: 6 }, template, ends(2, 4)],
  ])("are not written: %s", (_, more, chat, configured) => {
    expect(impliedEnd(file(texts, more, chat), configured)).toBeUndefined();
  });
});
