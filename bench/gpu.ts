import { spawn } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Compute, computeEnvironment, cpuCompute } from "../src/llamacpp/compute/compute.js";
import { resolveCompute } from "../src/llamacpp/compute/resolve-compute.js";
import { computeImatrix } from "../src/llamacpp/imatrix.js";
import { measureKld } from "../src/llamacpp/kl-divergence.js";
import { saveBaseLogits } from "../src/llamacpp/perplexity.js";
import type { ToolReport, ToolRun } from "../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import type { Toolchain, ToolName } from "../src/llamacpp/toolchain/tools.js";
import { packageRoot } from "../src/util/package-root.js";
import { models } from "./bench-models.js";
import { convertModel } from "./convert-model.js";
import { compareRounding } from "./device-rounding.js";

const root = fileURLToPath(packageRoot);

/** `chunks` and `context` of imatrix, logits and KLD: enough for statistics on a device that a CPU stands for. */
interface Effort {
  chunks: number;
  context: number;
}
const software: Effort = { chunks: 4, context: 64 };
const hardware: Effort = { chunks: 40, context: 512 };

/**
 * Measures tokens per second of imatrix, logits and KLD with the pipeline's calls of the tools, with the bare tools and the
 * same options on the same device, and on the CPU; then seconds and loss of rounding with error feedback.
 * QUANTSMITH_BENCH_DEVICE is a value of `compute.device` (default `auto`), QUANTSMITH_BENCH_MODEL the folder of a checkpoint.
 */
export async function benchGpu(print: (line: string) => void): Promise<void> {
  const device = process.env.QUANTSMITH_BENCH_DEVICE ?? "auto";
  const toolchain = await resolveToolchain();
  const placement = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
  const { compute, reason } = await resolveCompute({ device, ...placement }, toolchain);
  print(reason);
  if (compute.backend === "cpu") return print("skipped: there is no device besides the CPU");
  const isSoftware = compute.devices.some(({ description }) => /llvmpipe|swiftshader|lavapipe/i.test(description));
  const effort = isSoftware ? software : hardware;
  const fallback = isSoftware ? join(root, "recipes", "demo", "tiny-llama") : join(models, "small-llama");
  const source = process.env.QUANTSMITH_BENCH_MODEL ?? fallback;
  const home = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    await copyFile(await convertModel(home, source), join(home, "model.gguf"));
    await copyFile(join(root, "recipes", "demo", "text", "calibration.txt"), join(home, "text.txt"));
    const run = { toolchain, cwd: home, threads: availableParallelism() };
    // Compiles the device's programs, which drivers keep.
    await stages(run, compute, effort);
    const onDevice = await stages(run, compute, effort);
    const onCpu = await stages(run, cpuCompute, effort);
    for (const [name, report] of Object.entries(onDevice)) {
      const bare = await bareSeconds(toolchain, home, report, compute);
      const rate = (seconds: number) => (effort.chunks * effort.context) / seconds;
      const cpu = rate(onCpu[name]?.seconds ?? Number.NaN);
      print(
        `${name}: ${rate(report.seconds).toFixed(1)} tokens/s, bare tool ${rate(bare).toFixed(1)} (ratio ${(bare / report.seconds).toFixed(2)}), CPU ${cpu.toFixed(1)} (ratio ${(rate(report.seconds) / cpu).toFixed(2)})`,
      );
    }
    const { deviceSeconds, cpuSeconds, lossRatios } = await compareRounding(run, compute);
    const ratios = lossRatios.map((ratio) => ratio.toFixed(5)).join(" and ");
    print(`rounding: ${deviceSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, losses ${ratios} of the CPU's`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Runs the three tools through the pipeline's wrappers. */
async function stages(
  { toolchain, cwd, threads }: Pick<ToolRun, "toolchain" | "cwd" | "threads">,
  compute: Compute,
  { chunks, context }: Effort,
): Promise<Record<string, ToolReport>> {
  const run = { toolchain, cwd, threads, compute, model: "model.gguf" };
  const text = { ...run, text: "text.txt", chunks, context };
  const imatrix = await computeImatrix({ ...text, out: "imatrix.gguf" });
  const logits = await saveBaseLogits({ ...text, out: "base.kld" });
  return { imatrix, logits, KLD: await measureKld({ ...run, base: "base.kld" }) };
}

/** Seconds of the same command without this program's wrapper: no sampling, no parsing. */
async function bareSeconds(
  { tools }: Toolchain,
  cwd: string,
  { argv: [name = "", ...args] }: ToolReport,
  compute: Compute,
): Promise<number> {
  const started = performance.now();
  const child = spawn(tools[name as ToolName]?.path ?? name, args, {
    cwd,
    stdio: "ignore",
    env: { ...process.env, ...computeEnvironment(compute) },
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`${name} ended with code ${code}`);
  return (performance.now() - started) / 1000;
}
