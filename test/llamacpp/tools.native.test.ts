import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completeText } from "../../src/llamacpp/completion.js";
import { computeImatrix } from "../../src/llamacpp/imatrix.js";
import { measureKld } from "../../src/llamacpp/kl-divergence.js";
import { baseLogitsBytes, saveBaseLogits } from "../../src/llamacpp/perplexity.js";
import { quantize } from "../../src/llamacpp/quantize.js";
import { quantizeDryRun } from "../../src/llamacpp/quantize-dry-run.js";
import type { ToolProgress, ToolRun } from "../../src/llamacpp/tool-run.js";
import { rewriteMetadata } from "../fixtures/damage.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

const demo = fileURLToPath(new URL("../../recipes/demo/", import.meta.url));
let run: ToolRun;

beforeAll(async () => {
  const cwd = await mkdtemp(path.join(tmpdir(), "qs tools ü-"));
  run = await makeTinyModel(cwd);
  await rm(path.join(cwd, "imatrix.gguf"));
  await copyFile(path.join(demo, "text", "evaluation.txt"), path.join(cwd, "evaluation.txt"));
  await writeFile(path.join(cwd, "short.txt"), "Only a few words.\n");
});
afterAll(() => rm(run.cwd, { recursive: true, force: true }));

const inside = (name: string) => path.join(run.cwd, name);
const watched = () => {
  const seen: ToolProgress[] = [];
  return { seen, onProgress: (progress: ToolProgress) => void seen.push(progress) };
};

describe("successful runs", () => {
  test("imatrix", async () => {
    const { seen, onProgress } = watched();
    const files = { model: "model.gguf", text: "calibration.txt", out: "imatrix.gguf" };
    const result = await computeImatrix({ ...run, ...files, chunks: 6, context: 128, onProgress });
    expect(result.chunks).toBe(6);
    expect(result.perplexity).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual({ done: 6, total: 6, unit: "chunk" });
    expect(result.argv[0]).toBe("llama-imatrix");
  });

  test("the dry run returns the types that quantize then writes", async () => {
    await writeFile(inside("types.txt"), "^blk\\.0\\.attn_q\\.weight$=q8_0\n");
    const plan = { ...run, model: "model.gguf", type: "Q4_K_M", imatrix: "imatrix.gguf", tensorTypes: "types.txt" };
    const { seen, onProgress } = watched();
    const planned = await quantizeDryRun(plan);
    const done = await quantize({ ...plan, out: "q4.gguf", onProgress });
    expect(done.tensors).toEqual(planned.tensors);
    expect(done.tensors.find(({ name }) => name === "blk.0.attn_q.weight")?.toType).toBe("Q8_0");
    expect(done.fileBytes).toBe((await stat(inside("q4.gguf"))).size);
    expect(done.fileBytes).toBeGreaterThan(done.bytes);
    expect(seen.at(-1)).toEqual({ done: 56, total: 56, unit: "tensor" });
  });

  test("sampling does not run the model's chat template", async () => {
    await rewriteMetadata(inside("model.gguf"), inside("endless.gguf"), (metadata) => {
      const value = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
      metadata.set("tokenizer.chat_template", { type: "string", value });
    });
    await writeFile(inside("opening.txt"), "The capital of");
    const options = { ...run, prompt: "opening.txt", tokens: 8, seed: 1, temperature: 1, threads: 1 };
    const plain = await completeText({ ...options, model: "model.gguf" });
    expect(plain.text.length).toBeGreaterThan("The capital of".length);
    expect((await completeText({ ...options, model: "endless.gguf" })).text).toBe(plain.text);
  });

  test("base logits, then the divergence of a variant from its base", async () => {
    const { seen, onProgress } = watched();
    const files = { model: "model.gguf", text: "evaluation.txt", out: "base.kld" };
    const base = await saveBaseLogits({ ...run, ...files, chunks: 5, context: 256 });
    expect((await stat(inside("base.kld"))).size).toBe(baseLogitsBytes({ vocabulary: 4096, chunks: 5, context: 256 }));
    expect(base).toMatchObject({ chunks: 5, vocabulary: 4096 });
    const { figures: variant } = await measureKld({ ...run, model: "q4.gguf", base: "base.kld", onProgress });
    expect(variant.chunks).toBe(5);
    expect(variant.basePerplexity).toBeCloseTo(base.perplexity, 1);
    expect(variant.kldMean).toBeGreaterThan(0.001);
    expect(variant.sameTop).toBeGreaterThan(70);
    expect(seen.at(-1)).toEqual({ done: 5, total: 5, unit: "chunk" });
    const { figures: itself } = await measureKld({ ...run, model: "model.gguf", base: "base.kld" });
    expect(itself.kldMean).toBeLessThan(0.001);
    expect(itself.sameTop).toBeGreaterThan(99);
  });
});

describe("failures", () => {
  test("texts of fewer tokens than two contexts", async () => {
    const text = { ...run, model: "model.gguf", text: "short.txt", chunks: 5, context: 128 };
    await expect(computeImatrix({ ...text, out: "x.gguf" })).rejects.toMatchObject({
      code: "QS-CALIBRATE-TEXT-SHORT",
      message: expect.stringMatching(/short\.txt has \d+ tokens, at least 256/),
    });
    await expect(saveBaseLogits({ ...text, out: "x.kld" })).rejects.toMatchObject({ code: "QS-VALIDATE-TEXT-SHORT" });
  });

  test("the error for a missing imatrix contains the tensor", async () => {
    const plan = { ...run, model: "model.gguf", out: "x.gguf", type: "IQ2_XXS" };
    await expect(quantize(plan)).rejects.toMatchObject({
      code: "QS-QUANTIZE-IMATRIX",
      message: expect.stringContaining("blk.0.attn_k.weight"),
    });
  });

  test("unknown presets and types", async () => {
    const plan = { ...run, model: "model.gguf", out: "x.gguf" };
    await expect(quantize({ ...plan, type: "Q4_NOPE" })).rejects.toMatchObject({ code: "QS-QUANTIZE-TYPE" });
    await writeFile(inside("bad-types.txt"), "output=q99\n");
    const bad = { ...plan, type: "Q4_K_M", tensorTypes: "bad-types.txt" };
    await expect(quantize(bad)).rejects.toMatchObject({
      code: "QS-QUANTIZE-TYPE",
      message: expect.stringContaining("q99"),
    });
  });

  test("missing and truncated models", async () => {
    await copyFile(inside("model.gguf"), inside("cut.gguf"));
    await truncate(inside("cut.gguf"), 3_000_000);
    for (const [model, code] of [
      ["none.gguf", "QS-GGUF-MISSING"],
      ["cut.gguf", "QS-GGUF-TRUNCATED"],
    ] as const) {
      await expect(quantize({ ...run, model, out: "x.gguf", type: "Q8_0" })).rejects.toMatchObject({
        code: "QS-QUANTIZE-FAILED",
      });
      await expect(measureKld({ ...run, model, base: "base.kld" })).rejects.toMatchObject({ code });
    }
  });

  test("truncated base logits", async () => {
    await copyFile(inside("base.kld"), inside("cut.kld"));
    await truncate(inside("cut.kld"), 1_000_000);
    await expect(measureKld({ ...run, model: "model.gguf", base: "cut.kld" })).rejects.toMatchObject({
      code: "QS-VALIDATE-FAILED",
    });
  });

  test("an abort ends the tool and throws its reason", async () => {
    const abort = new AbortController();
    const reason = new Error("interrupted");
    const files = { model: "model.gguf", text: "calibration.txt", out: "never.gguf" };
    const onProgress = () => abort.abort(reason);
    const started = computeImatrix({ ...run, ...files, chunks: 400, context: 128, signal: abort.signal, onProgress });
    await expect(started).rejects.toBe(reason);
  });

  test("a full disk", async (context) => {
    const small = inside("small");
    await mkdir(small);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", small], { stdio: "pipe" });
    } catch {
      context.skip("mounting a small tmpfs needs root on Linux");
    }
    try {
      // 200 kB are too small for a variant or the logits, the last 30 kB also for an imatrix.
      const model = { ...run, model: "model.gguf" };
      const text = { ...model, text: "evaluation.txt", chunks: 4, context: 128 };
      const full = { code: "QS-DISK-FULL", exitCode: 4 };
      await expect(quantize({ ...model, out: "small/x.gguf", type: "Q8_0" })).rejects.toMatchObject(full);
      await rm(path.join(small, "x.gguf"), { force: true });
      await expect(saveBaseLogits({ ...text, out: "small/x.kld" })).rejects.toMatchObject(full);
      await rm(path.join(small, "x.kld"), { force: true });
      await writeFile(path.join(small, "filler"), Buffer.alloc(170_000));
      await expect(computeImatrix({ ...text, out: "small/x.gguf" })).rejects.toMatchObject(full);
    } finally {
      execFileSync("umount", [small]);
    }
  });
});
