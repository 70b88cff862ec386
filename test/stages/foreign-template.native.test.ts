import { expect, test } from "vitest";
import type { Gguf, GgufValue } from "../../src/gguf/gguf.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { ollamaFiles } from "../../src/stages/package/ollama-files.js";
import { renderPrompts } from "../../src/stages/smoke/render-prompts.js";
import { processIn } from "../fixtures/smoke-model.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* The stages that render a model's chat template do not run it themselves; for calibration, see test/e2e. */
const gguf = (template: string) =>
  ({
    metadata: new Map<string, GgufValue>([["tokenizer.chat_template", { type: "string", value: template }]]),
  }) as unknown as Gguf;
const endless = gguf("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}");
const chatml = gguf(
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
);
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

test("smoke tests receive rendered prompts", async () => {
  const text = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
  expect(await renderPrompts(chatml, [question], open())).toEqual([{ text, toolsShown: false }]);
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
