import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readGguf } from "../../../src/gguf/read-header.js";
import { measureKld } from "../../../src/llamacpp/kl-divergence.js";
import { saveBaseLogits } from "../../../src/llamacpp/perplexity.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { type BaseReport, baseLogits } from "../../../src/stages/validate/base-logits.js";
import { sha256File } from "../../../src/util/sha256.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";

/* The base's logits on conversations, with the real tools on the demo model. */
const [chunks, context] = [2, 128];
const cwd = temporaryFolder();
const file = (name: string) => join(cwd, name);
let run: ToolRun;

beforeAll(async () => {
  run = { ...(await makeTinyModel(cwd)), threads: 1 };
  const talk = Array.from({ length: 40 }, (_, index) => [
    { role: "user", content: `What is ${index} + 5?` },
    { role: "assistant", content: `${index} + 5 = ${index + 5}.` },
  ]);
  writeFileSync(file("talk.jsonl"), talk.map((messages) => JSON.stringify({ messages })).join("\n"));
});

/** Evaluates a model on the conversations; returns the report, the program and the tokens. */
async function evaluate(model: string) {
  const step = stageContext(run, { model: file(model), text0: file("talk.jsonl") });
  const texts = [{ name: "talk.jsonl", sha256: await sha256File(file("talk.jsonl")) }];
  const { commands } = await baseLogits.run({ texts, chunks, context, part: { index: 0, of: 1 } }, step);
  const logits = readFileSync(join(step.out, "base.kld"));
  expect(statSync(join(step.out, "base.kld")).mode & 0o777).toBe(0o600);
  const report = JSON.parse(readFileSync(join(step.out, "base.json"), "utf8")) as BaseReport;
  const tokens = Array.from({ length: chunks * context }, (_, index) => logits.readInt32LE(20 + 4 * index));
  return { report, tokens, program: commands?.[0]?.[0], logits };
}

test("conversations are rendered with the model's template, and its control tokens are parsed", async () => {
  const vocabulary = (await readGguf(file("model.gguf"))).metadata.get("tokenizer.ggml.tokens");
  const control = vocabulary?.type === "array" ? vocabulary.items.indexOf("<|im_start|>") : -1;
  const { report, tokens, program, logits } = await evaluate("model.gguf");
  expect([report.chatTemplate, program]).toEqual([true, "llama-logits"]);
  expect(tokens.filter((token) => token === control).length).toBeGreaterThan(10);
  // Variants read the tokens from the file.
  writeFileSync(file("talk.kld"), logits);
  const { figures } = await measureKld({ ...run, model: "model.gguf", base: "talk.kld" });
  expect(figures.kldMean).toBeLessThan(1e-4);
  expect(figures.perplexity).toBeCloseTo(report.perplexity, 3);

  const bytes = readFileSync(file("model.gguf"), "latin1").replace(
    "tokenizer.chat_template",
    "tokenizer.chat_unknown.",
  );
  writeFileSync(file("plain.gguf"), bytes, "latin1");
  const plain = await evaluate("plain.gguf");
  expect([plain.report.chatTemplate, plain.program]).toEqual([undefined, "llama-perplexity"]);
  expect(plain.tokens).not.toContain(control);
});

test("the program that parses control tokens computes the same bytes for a text without them", async () => {
  const files = ["special.kld", "perplexity.kld"];
  for (const [index, out] of files.entries()) {
    const text = { model: "model.gguf", text: "calibration.txt", out, parseSpecial: index === 0 };
    await saveBaseLogits({ ...run, ...text, chunks, context });
  }
  const [special, perplexity] = files.map((name) => readFileSync(file(name)));
  expect(special?.equals(perplexity ?? Buffer.alloc(0))).toBe(true);
});
