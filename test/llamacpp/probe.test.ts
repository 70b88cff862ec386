import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { baseLogitsBytes } from "../../src/llamacpp/base-logits.js";
import type { Compute } from "../../src/llamacpp/compute/compute.js";
import { type ProbeOptions, ProbeTool } from "../../src/llamacpp/probe.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";
import { listedDevice } from "../fixtures/backend-status.js";
import { failureOf } from "../fixtures/failure.js";
import { fakeToolchain } from "../fixtures/fake-toolchain.js";
import { buildGguf, stringPair, uint32Pair } from "../fixtures/gguf-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const change = { write: [{ tensor: "blk.1.attn_v.weight", file: "values.bin", offset: 0 }], restore: [] };
const placement = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
const compute: Compute = {
  ...{ backend: "vulkan", devices: [listedDevice("Vulkan0")], library: null, driver: null, placement },
};

/** A program that answers as the shell script says, once per request, with a model of 8 blocks and base logits. */
function options(script: string, more: Partial<ProbeOptions> = {}): ProbeOptions {
  const cwd = temporaryFolder();
  const metadata = [stringPair("general.architecture", "llama"), uint32Pair("llama.block_count", 8)];
  writeFileSync(join(cwd, "m"), buildGguf({ metadata }));
  const shape = { context: 512, vocabulary: 2, chunks: 1 };
  const logits = Buffer.alloc(baseLogitsBytes(shape));
  logits.write("_logits_");
  logits.set(new Uint8Array(Uint32Array.of(shape.context, shape.vocabulary, shape.chunks).buffer), 8);
  writeFileSync(join(cwd, "b"), logits);
  const toolchain = fakeToolchain(cwd, {
    "llama-probe": `echo "$*" >> calls\n${script}`,
    "llama-fit-params": "echo '-c 2048 -ngl -1'",
  });
  return { toolchain, cwd, threads: 1, model: "m", base: "b", ...more };
}

const answering = (json: string) => `while read -r line; do echo '${json}'; done`;
const figures = { kld: 0.25, kldError: 0.01, tokens: 255, chunks: [0.25] };

test("every request has one answer, and the program ends with its input", async () => {
  const tool = new ProbeTool(options(answering(JSON.stringify(figures))));
  expect([await tool.measure(change), await tool.measure(change)]).toEqual([figures, figures]);
  expect((await tool.finish())?.argv).toEqual(["llama-probe", "-m", "m", "--kl-divergence-base", "b", "-t", "1"]);
  await tool.stop();
});

test("NaN on a device offers the CPU", async () => {
  const nan = answering(JSON.stringify({ ...figures, kld: null }));
  const tool = new ProbeTool(options(nan, { compute }));
  const failure = await failureOf(tool.measure(change));
  await tool.stop();
  expect(failure.code).toBe("QS-VALIDATE-NAN");
  expect(failure.message).toContain("blk.1.attn_v.weight");
  expect(failure.remedy).toContain("--device cpu");
});

test("a program that ends without an answer is an error", async () => {
  for (const [script, code] of [
    ["echo 'llama-probe: failed to decode' >&2; exit 1", "QS-VALIDATE-FAILED"],
    ["kill -9 $$", "QS-ENV-OOM"],
    ["echo 'failed to load model' >&2; exit 1", "QS-VALIDATE-LOAD"],
  ] as const) {
    const tool = new ProbeTool(options(script));
    expect((await failureOf(tool.measure(change))).code).toBe(code);
    await tool.stop();
  }
});

test("a device without memory for the model: one more process has fewer layers, noted", async () => {
  const full = "echo 'ggml_vulkan: ErrorOutOfDeviceMemory' >&2; exit 1";
  const notes: string[] = [];
  const onNote = (line: string) => void notes.push(line);
  const once = options(`case "$*" in *"-ngl 6"*) ${answering(JSON.stringify(figures))};; *) ${full};; esac`, {
    ...{ compute, onNote },
  });
  const tool = new ProbeTool(once);
  expect([await tool.measure(change), await tool.measure(change)]).toEqual([figures, figures]);
  expect((await tool.finish())?.argv.slice(-4)).toEqual(["--device", "Vulkan0", "-ngl", "6"]);
  expect(readFileSync(join(once.cwd, "calls"), "utf8").trim().split("\n")).toHaveLength(2);
  expect(notes).toEqual(["Vulkan0 ran out of memory with 9 layers of m: computing again with 6"]);

  const never = options(full, { compute });
  expect((await failureOf(new ProbeTool(never).measure(change))).code).toBe("QS-COMPUTE-MEMORY");
  expect(readFileSync(join(never.cwd, "calls"), "utf8").trim().split("\n")).toHaveLength(2);
});

test("a llama.cpp of others has no program for probes", async () => {
  const tool = new ProbeTool({ ...options(""), toolchain: { tools: {} } as unknown as Toolchain });
  const failure = await failureOf(tool.measure(change));
  expect(failure.code).toBe("QS-TOOL-PROBES");
  expect(failure.remedy).toContain("`probes: none`");
});
