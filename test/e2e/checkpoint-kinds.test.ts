import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { writeRandomCheckpoint } from "../../bench/convert/random-checkpoint.js";
import { metadataNumber, metadataString } from "../../src/gguf/metadata.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { checkpoints, makeCheckpoint } from "../fixtures/checkpoints/make-checkpoint.js";
import { writeNvfp4Llama } from "../fixtures/checkpoints/nvfp4.js";
import { writeQwen35 } from "../fixtures/checkpoints/qwen3-5.js";
import { smallLlama } from "../fixtures/checkpoints/small-llama.js";
import { put, quantsmith } from "../fixtures/cli.js";
import { converterPython } from "../fixtures/converter-python.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { addedToken, smallBpe, writeSmallBpe } from "../fixtures/tokenizer/small-bpe.js";

/*
 * Kinds of published checkpoints, generated with few layers, through `init`, `plan` and `run`. docs/internals/conversion.md
 * lists the tests of all kinds.
 */
const home = temporaryFolder();

/** Returns the recipe that `init` drafts for a checkpoint, as text. */
async function draft(checkpoint: string): Promise<string> {
  const file = join(home, `${checkpoint}-drafted.yaml`);
  const { exitCode, stderr } = await quantsmith(["init", join(home, checkpoint), "--out", file]);
  expect(exitCode, stderr).toBe(0);
  return readFileSync(file, "utf8");
}

/** Plans and runs a recipe of one variant without texts; returns both reports and the variant's file. */
async function build(checkpoint: string, more: { convert?: object; smoke?: unknown } = {}) {
  put(join(home, "quick.yaml"), "version: 1\nstages: [fetch, convert, quantize, smoke, package]\n");
  const model = { source: `./${checkpoint}`, name: "Tiny-Model" };
  const recipe = { version: 1, pipeline: "./quick.yaml", model, variants: ["Q4_0"], smoke: [], ...more };
  const file = put(join(home, `${checkpoint}.yaml`), stringify(recipe));
  const plan = await call("plan", file);
  const report = await call("run", file);
  const verified = await quantsmith(["verify", report.release]);
  expect(verified.exitCode, verified.stderr).toBe(0);
  return { plan, report, gguf: await readGguf(join(report.release, report.variants[0].file)) };
}

async function call(command: "plan" | "run", recipe: string) {
  const { exitCode, stdout, stderr } = await quantsmith([command, recipe, "--out", join(home, "out"), "--json"]);
  expect(exitCode, stdout + stderr).toBe(0);
  return JSON.parse(stdout);
}

const published = (name: string) => {
  const found = checkpoints.find((checkpoint) => checkpoint.name === name);
  if (found === undefined) throw new Error(`no checkpoint ${name}`);
  return found;
};

test.each([
  ["fp8-block", "FP8, a scale per block of 128 × 128"],
  ["fp8-tensor", "FP8, a scale per tensor"],
])("%s becomes variants of the size of its 16-bit base", async (name, label) => {
  await makeCheckpoint(join(home, name), published(name));
  expect(await draft(name)).toContain(`# Weights: ${label}; the base has about 2.71 MB.`);
  const { plan, report } = await build(name);
  expect(plan.convert.engine).toBe("native");
  expect(report.variants[0].bytes).toBeLessThan(0.5 * 2.71e6);
});

test("NVFP4 of ModelOpt is copied into every variant", async (context) => {
  await converterPython(context);
  await writeNvfp4Llama(join(home, "nvfp4"));
  expect(await draft("nvfp4")).toContain("  - { name: NVFP4, preset: Q8_0 }\n");
  const { report } = await build("nvfp4");
  // The seven matrices of both layers; the embedding is quantized.
  expect(report.variants[0].types).toMatchObject({ NVFP4: 14, Q6_K: 1 });
});

test("what transformers 5 saves: its tokenizer, named templates, and an end of turn in generation_config.json", async () => {
  const folder = join(home, "saved-by-5");
  const { tokenizer } = smallBpe();
  tokenizer.added_tokens.push(
    addedToken(260, "<call>", { special: true }),
    addedToken(261, "<fin>", { special: true }),
  );
  const config = {
    ...{ tokenizer_class: "TokenizersBackend", backend: "tokenizers", is_local: false, eos_token: "<end>" },
    extra_special_tokens: ["<call>", "<fin>"],
  };
  const checkpoint = smallLlama({ vocab_size: 262, bos_token_id: null, eos_token_id: 259 } as object);
  await writeSmallBpe(folder, { tokenizer, config, model: checkpoint.config });
  await writeRandomCheckpoint(folder, checkpoint.tensors);
  put(join(folder, "chat_template.jinja"), "{{ messages[0]['content'] }}<fin>");
  put(join(folder, "additional_chat_templates", "tool_use.jinja"), "{{ messages[0]['content'] }}<call>");
  put(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: [259, 261] }));
  expect(await draft("saved-by-5")).toContain("chatTemplate: true");
  const { plan, report, gguf } = await build("saved-by-5", { convert: { pretokenizer: "qwen2" } });
  expect([plan.convert.engine, report.warnings, plan.warnings]).toEqual(["native", [], []]);
  expect(metadataString(gguf, "tokenizer.chat_template.tool_use")).toBe("{{ messages[0]['content'] }}<call>");
  expect(metadataString(gguf, "tokenizer.chat_template")).toBe("{{ messages[0]['content'] }}<fin>");
  expect(metadataNumber(gguf, "tokenizer.ggml.eot_token_id")).toBe(261);
});

test("layers for multi-token prediction: kept, apart, or left out", async (context) => {
  await converterPython(context);
  await writeQwen35(join(home, "mtp"));
  expect(await draft("mtp")).toContain("# Qwen3_5ForCausalLM");
  const built = (mtp: string) => build("mtp", { convert: { mtp, pretokenizer: "qwen2" } });
  const layers = "qwen35.nextn_predict_layers";

  const kept = await built("keep");
  expect(kept.plan.notes).toEqual([expect.stringContaining("1 layer for multi-token prediction")]);
  expect([metadataNumber(kept.gguf, layers), kept.report.mtp]).toEqual([1, undefined]);
  expect(kept.report.warnings).toEqual([]);

  const apart = await built("separate");
  expect(metadataNumber(apart.gguf, layers)).toBeUndefined();
  const { file, bytes } = apart.report.mtp;
  expect(file).toBe("mtp-Tiny-Model-Q8_0.gguf");
  const head = await readGguf(join(apart.report.release, file));
  expect([metadataNumber(head, layers), head.fileBytes]).toEqual([1, bytes]);

  const without = await built("drop");
  expect([metadataNumber(without.gguf, layers), without.report.mtp]).toEqual([undefined, undefined]);
});

describe("models without text output", () => {
  /** The figures of the drafted smoke test, which compares vectors with the base's. */
  async function compared(name: string) {
    const { smoke } = parse(await draft(name)) as { smoke: unknown };
    expect(smoke).toMatchObject([{ expect: { rankToBase: 0.95 } }]);
    // Random weights differ more after rounding than trained ones.
    const built = await build(name, { smoke: [{ prompt: "Who?", expect: { cosineToBase: 0.5, rankToBase: 0.1 } }] });
    const card = readFileSync(join(built.report.release, "README.md"), "utf8");
    return { ...built, card };
  }

  test("an embedding model with the pooling of modules.json", async () => {
    await makeCheckpoint(join(home, "embedding"), published("qwen3-embedding"));
    const { plan, report, gguf, card } = await compared("embedding");
    expect(plan.convert.engine).toBe("native");
    expect(metadataNumber(gguf, "qwen3.pooling_type")).toBe(3);
    expect(report.variants[0].smoke).toMatchObject({ failed: 0 });
    expect(card).toContain("pipeline_tag: feature-extraction");
  });

  test("a reranker of Qwen 3, recognized by its card whatever its name is", async (context) => {
    await converterPython(context);
    const made = smallLlama(
      { architectures: ["Qwen3ForCausalLM"], model_type: "qwen3", head_dim: 64 },
      { headNorms: true },
    );
    const card = "---\nlicense: apache-2.0\n---\n# Qwen3-Reranker-0.6B\n";
    await makeCheckpoint(join(home, "reranker"), { ...made, extra: { "README.md": card } });
    const { report, gguf, card: written } = await compared("reranker");
    expect(metadataNumber(gguf, "qwen3.pooling_type")).toBe(4);
    expect(report.variants[0].smoke).toMatchObject({ failed: 0 });
    expect(written).toContain("pipeline_tag: text-ranking");
  });
});
