import { expect, test } from "vitest";
import { rebuildOf, type SourceState, sourceChanges } from "../../src/watch/source-changes.js";

/** A source with these texts; `undefined` is a text that cannot be read. */
const state = (texts: Record<string, string | undefined>): SourceState => ({
  files: Object.entries(texts).map(([path, text]) => ({ path, digest: text ?? "gone" })),
  read: async (path) => texts[path],
});
const front = (fields: string) => `---\n${fields}\n---\nprose`;

test.each([
  [
    "the prose of the card",
    { "README.md": front("license: mit") },
    { "README.md": `${front("license: mit")} more` },
    [],
  ],
  ["license", { "README.md": front("license: mit") }, { "README.md": front("license: other") }, ["license"]],
  ["tags", { "README.md": front("license: mit") }, { "README.md": front("license: mit\ntags: [a]") }, ["model card"]],
  [
    "paths of a machine and passwords",
    { "README.md": front("license: mit") },
    { "README.md": front("license: mit\ntags: [/home/me/a]\nbase_model: https://me:pw@h.example/m") },
    [],
  ],
  ["an unreadable card", { "README.md": undefined }, { "README.md": "b" }, ["model card"]],
  ["the text of the license", { LICENSE: "a" }, { LICENSE: "b" }, ["license"]],
  ["a template file", {}, { "chat_template.jinja": "b" }, ["chat template"]],
  ["a named template", { "additional_chat_templates/a.jinja": "a" }, {}, ["chat template"]],
  [
    "the template in the tokenizer's configuration",
    { "tokenizer_config.json": '{"chat_template": "a", "b": 1}' },
    { "tokenizer_config.json": '{"b": 1, "chat_template": "c"}' },
    ["chat template"],
  ],
  [
    "both",
    { "tokenizer_config.json": '{"chat_template": "a", "b": 1}' },
    { "tokenizer_config.json": '{"b": 2}' },
    ["chat template", "tokenizer"],
  ],
  ["an unreadable one", { "tokenizer_config.json": undefined }, { "tokenizer_config.json": "{}" }, ["tokenizer"]],
  ["tokenizer", { "tokenizer.json": "a", "tekken.model": "a" }, { "tokenizer.json": "b" }, ["tokenizer", "tokenizer"]],
  ["weights", { "model-00001-of-00002.safetensors": "a" }, { "model.safetensors": "b" }, ["weights", "weights"]],
  ["configuration", { "config.json": "a" }, { "config.json": "b" }, ["configuration"]],
])("%s", async (_, before, now, aspects) => {
  const changes = await sourceChanges(state(before), state(now));
  expect(changes.map(({ aspect }) => aspect)).toEqual(aspects);
});

test("new metadata is enough for a license or a template, unless the imatrix depends on the template", () => {
  const changes = (...aspects: ("license" | "chat template" | "gating" | "weights")[]) =>
    aspects.map((aspect) => ({ aspect, message: "" }));
  expect(rebuildOf(changes("license", "chat template"), false)).toBe("header");
  expect(rebuildOf(changes("license", "chat template"), true)).toBe("requantize");
  expect(rebuildOf(changes("license", "weights"), false)).toBe("requantize");
  expect(rebuildOf(changes("gating"), false)).toBe("none");
});
