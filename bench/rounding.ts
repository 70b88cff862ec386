import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readGguf } from "../src/gguf/read-header.js";
import { elementCount } from "../src/gguf/summary.js";
import { computeImatrix } from "../src/llamacpp/imatrix.js";
import { computeMoments } from "../src/llamacpp/moments.js";
import { quantize } from "../src/llamacpp/quantize.js";
import { roundTensors } from "../src/llamacpp/round.js";
import type { ToolReport, ToolRun } from "../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import { packageRoot } from "../src/util/package-root.js";
import { models, present } from "./bench-models.js";
import { convertModel } from "./convert-model.js";
import { modelCosts, roundingWork, shapes } from "./rounding/model-costs.js";
import { productRate, sgemmRate } from "./rounding/product-rates.js";

/** As in pipelines/release.yaml. */
const calibrationTokens = 200 * 512;
/** A machine of docs/scale.md: 32 cores, each with 80 % of a measured core's rate. */
const machineCores = 32 * 0.8;
/** Share of the product rate that the whole of llama-round reaches on large matrices, and products on a card. */
const overallShare = 0.5;
/** FP32 operations per second of an RTX 3090, by NVIDIA. */
const cardFlops = 35.6e12;

/**
 * Compares llama-moments with llama-imatrix, and llama-round with llama-quantize, on small-llama with one thread: time and
 * peak memory. Then prints the rate of the products, that of numpy's sgemm, and what error feedback costs on large models, also
 * with the products on a card, which was not tested.
 */
export async function benchRounding(print: (line: string) => void): Promise<void> {
  const model = join(models, "small-llama");
  if (!(await present([model], print))) return;
  const home = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    const rounded = await compareTools(home, model, print);
    const folder = join(home, "products");
    await mkdir(folder);
    const [rate, reference] = [await productRate(folder), await sgemmRate(folder)];
    const share =
      reference === undefined ? "no numpy to compare with" : `${(rate / reference).toFixed(2)} of numpy's sgemm`;
    print(`products: ${rate.toFixed(0)} GFLOP/s per core, ${share}`);
    // Scales and codes, which the CPU always computes.
    const hostSeconds = rounded.seconds / rounded.weights - (roundingWork * rounded.meanColumns) / (rate * 1e9);
    for (const shape of shapes) print(describeCosts(shape, rate * 1e9 * machineCores, hostSeconds / machineCores));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** What llama-round took on one core, for how many weights, and the mean length of their rows. */
interface RoundedModel {
  seconds: number;
  weights: number;
  meanColumns: number;
}

async function compareTools(home: string, source: string, print: (line: string) => void): Promise<RoundedModel> {
  await copyFile(await convertModel(home, source), join(home, "model.gguf"));
  await copyFile(fileURLToPath(new URL("recipes/demo/text/calibration.txt", packageRoot)), join(home, "text.txt"));
  const run: ToolRun = { toolchain: await resolveToolchain(), cwd: home, threads: 1 };
  const text = { ...run, model: "model.gguf", text: "text.txt", chunks: 24, context: 512 };
  const imatrix = await computeImatrix({ ...text, out: "imatrix.gguf" });
  const moments = await computeMoments({
    ...text,
    ...{
      out: "own.gguf",
      moments: "moments.gguf",
      state: "state",
      layers: [0, 1000],
      output: true,
      sharedExperts: false,
    },
  });
  printPair("moments / imatrix", moments, imatrix, print);
  const nearest = await quantize({
    ...run,
    model: "model.gguf",
    out: "q.gguf",
    type: "Q4_K_M",
    imatrix: "imatrix.gguf",
  });
  const { tensors } = await readGguf(join(home, "q.gguf"));
  const types = tensors.filter(({ type }) => type.quantized).map(({ name, type }) => [name, [type.name]] as const);
  const rounded = await roundTensors({
    ...run,
    ...{ model: "model.gguf", moments: "moments.gguf", types: new Map(types), out: "rounded" },
  });
  printPair("rounding Q4_K_M / llama-quantize", rounded, nearest, print);
  const withFeedback = new Set(rounded.tensors.flatMap(({ tensor, feedback }) => (feedback ? [tensor] : [])));
  const matrices = tensors.filter(({ name }) => withFeedback.has(name));
  const sum = (value: (tensor: (typeof tensors)[number]) => number) =>
    matrices.reduce((total, tensor) => total + value(tensor), 0);
  const weights = sum(elementCount);
  const meanColumns = sum((tensor) => elementCount(tensor) * (tensor.shape[0] ?? 0)) / weights;
  return { seconds: rounded.seconds, weights, meanColumns };
}

function printPair(name: string, ours: ToolReport, theirs: ToolReport, print: (line: string) => void): void {
  const seconds = `${ours.seconds.toFixed(1)} s / ${theirs.seconds.toFixed(1)} s = ${(ours.seconds / theirs.seconds).toFixed(2)}`;
  print(`${name}: ${seconds}, peak ${(ours.peakMemoryBytes / 1e6).toFixed(0)} MB`);
}

/** `hostSeconds`: of the machine, for scales and codes of one weight. */
function describeCosts(shape: (typeof shapes)[number], flopsPerSecond: number, hostSeconds: number): string {
  const { momentsPerToken, factors, rounding, deviceRounding, weights, sumBytes, fileBytes } = modelCosts(shape);
  const hours = (flops: number) => (flops / (flopsPerSecond * overallShare) / 3600).toFixed(2);
  const onCard = ((factors + deviceRounding) / (cardFlops * overallShare) + weights * hostSeconds) / 3600;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(0);
  return `${shape.name}: moments ${hours(momentsPerToken * calibrationTokens)} h, rounding ${hours(factors + rounding)} h a variant, ${onCard.toFixed(2)} h with a card, sums ${gigabytes(sumBytes)} GB, moments.gguf ${gigabytes(fileBytes)} GB`;
}
