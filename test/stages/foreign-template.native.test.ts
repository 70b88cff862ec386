import { expect, test } from "vitest";
import type { Gguf, GgufValue } from "../../src/gguf/gguf.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { ollamaFiles } from "../../src/stages/package/ollama-files.js";
import { renderPrompts } from "../../src/stages/smoke/render-prompts.js";
import type { Warning } from "../../src/util/warnings.js";
import { processIn } from "../fixtures/smoke-model.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* The stages that render a model's chat template do not run it themselves; for calibration, see test/e2e. */
const gguf = (template: string, more: [string, GgufValue][] = []) =>
  ({
    metadata: new Map<string, GgufValue>([["tokenizer.chat_template", { type: "string", value: template }], ...more]),
  }) as unknown as Gguf;
const endless = gguf("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}");
const chatmlSource =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const chatml = gguf(chatmlSource);
const tokens = (addsBos: boolean): [string, GgufValue][] => [
  ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: ["<|im_start|>", "<|im_end|>"] }],
  ["tokenizer.ggml.bos_token_id", { type: "uint32", value: 0 }],
  ["tokenizer.ggml.add_bos_token", { type: "bool", value: addsBos }],
];
const question = { prompt: "Hi", system: "Be kind.", maxTokens: 8, tools: [], jsonSchema: null };
const open = () => ({
  work: temporaryFolder(),
  signal: new AbortController().signal,
  toolchain: resolveToolchain,
});

test("packaging compares the template with Ollama's", async () => {
  const { files, note } = await ollamaFiles(chatml, undefined, open());
  expect(files.get("template")).toContain("{{- range .Messages }}<|im_start|>{{ .Role }}");
  expect(note).toContain("(chatml)");
});

test.each([
  ["whose BOS begins a turn and is not added", chatmlSource, tokens(false), true],
  ["whose BOS begins a turn and is added", chatmlSource, tokens(true), false],
  [
    "with a named template for tools",
    chatmlSource,
    [["tokenizer.chat_template.tool_use", { type: "string", value: "-" }]],
    false,
  ],
  ["with today's date", `{% set day = strftime_now('%d') %}${chatmlSource}`, [], false],
] as [string, string, [string, GgufValue][], boolean][])("a template %s", async (_, source, more, isConverted) => {
  const { files } = await ollamaFiles(gguf(source, more), undefined, open());
  expect(files.has("template")).toBe(isConverted);
});

test("smoke tests receive rendered prompts", async () => {
  const text = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
  expect(await renderPrompts(chatml, [question], open())).toEqual([{ text, toolsShown: false }]);
});

test("prompts are rendered once, also to compare engines", async () => {
  const differing = gguf("{% for m in messages %}{{ [m.role] }}{{ m.content }}{% endfor %}");
  const [warnings, context] = [[] as Warning[], open()];
  let renderings = 0;
  const toolchain = () => {
    renderings++;
    return context.toolchain();
  };
  await renderPrompts(differing, [question], { ...context, toolchain }, (warning) => warnings.push(warning));
  expect([renderings, warnings]).toMatchObject([1, [{ code: "QW-TEMPLATE-ENGINES" }]]);
});

test.each([
  ["packaging", (context: ReturnType<typeof open>) => ollamaFiles(endless, undefined, context)],
  ["smoke tests", (context: ReturnType<typeof open>) => renderPrompts(endless, [question], context)],
])("an abort ends an endless template of %s", async (_, start) => {
  const abort = new AbortController();
  const work = temporaryFolder();
  const rendering = start({ work, signal: abort.signal, toolchain: resolveToolchain });
  rendering.catch(() => {});
  await until(() => isBusy(work));
  abort.abort(new Error("interrupted"));
  await expect(rendering).rejects.toThrow("interrupted");
  expect(isBusy(work)).toBe(false);
});

function isBusy(folder: string): boolean {
  try {
    return processIn(folder) > 0;
  } catch {
    return false;
  }
}
