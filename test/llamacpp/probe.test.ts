import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import { cpuCompute } from "../../src/llamacpp/compute/compute.js";
import { type ProbeOptions, ProbeTool } from "../../src/llamacpp/probe.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";
import { put } from "../fixtures/cli.js";
import { failureOf, thrownBy } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
const change = { write: [{ tensor: "blk.1.attn_v.weight", file: "values.bin", offset: 0 }], restore: [] };
let scripts = 0;

/** A program that answers as the shell script says, once per request. */
function options(script: string, more: Partial<ProbeOptions> = {}): ProbeOptions {
  const path = put(`${folder}/program-${scripts++}`, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const tools = { "llama-probe": { path, version: "1", source: "pinned" } };
  return { toolchain: { tools } as unknown as Toolchain, cwd: folder, threads: 1, model: "m", base: "b", ...more };
}

const answering = (json: string) => `while read -r line; do echo '${json}'; done`;
const figures = { kld: 0.25, kldError: 0.01, tokens: 255, chunks: [0.25] };

test("every request has one answer, and the program ends with its input", async () => {
  const tool = new ProbeTool(options(answering(JSON.stringify(figures))));
  expect([await tool.measure(change), await tool.measure(change)]).toEqual([figures, figures]);
  const { argv } = await tool.finish();
  expect(argv).toEqual(["llama-probe", "-m", "m", "--kl-divergence-base", "b", "-t", "1"]);
  await tool.stop();
});

test("NaN on a device offers the CPU", async () => {
  const nan = answering(JSON.stringify({ ...figures, kld: null }));
  const devices = [{ backend: "vulkan" as const, name: "Vulkan0", description: "", totalBytes: 0, freeBytes: 0 }];
  const compute = { ...cpuCompute, backend: "vulkan" as const, devices };
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

test("a llama.cpp of others has no program for probes", () => {
  const failure = thrownBy(() => new ProbeTool({ ...options(""), toolchain: { tools: {} } as unknown as Toolchain }));
  expect(failure.code).toBe("QS-TOOL-PROBES");
  expect(failure.remedy).toContain("`probes: none`");
});
