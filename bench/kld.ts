import { access, copyFile, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractChunks } from "../src/llamacpp/base-logits.js";
import { saveBaseLogits } from "../src/llamacpp/perplexity.js";
import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import { packageRoot } from "../src/util/package-root.js";
import { models, present } from "./bench-models.js";
import { convertModel } from "./convert-model.js";
import { modelShape } from "./fit/architectures.js";
import { syntheticVocabulary } from "./fit/vocabulary.js";
import { writeModel } from "./fit/write-model.js";
import { type KldTimes, measureKldTimes } from "./kld/logits-share.js";

const root = fileURLToPath(packageRoot);
const home = join(root, "artifacts", "bench-kld");
const context = 512;
/** Two batches of llama-perplexity. */
const chunks = 8;
const scored = 255;

/** A vocabulary as large as any, and as few weights as any model with it: 0.27 billion, most of them in the embedding. */
const largest = { width: 640, layers: 18, feedForward: 2048, heads: 4, vocabulary: 262_144, trainedContext: 4096 };

/**
 * Published speeds of prompts in tokens per second of Llama 3 8B in F16 (devices/speed/measurements.yaml, xiongjie-dai), and
 * its vocabulary.
 */
const published = [
  { card: "RTX 3090", prefill: 4444.65 },
  { card: "RTX 4090", prefill: 9382 },
] as const;
const vocabulary = 128_256;
const hostCores = [8, 16] as const;

/**
 * Measures how much of a KLD run is reading and handling of logits, on the CPU, for a small and for the largest vocabulary.
 * From the time per logit it derives the share on graphics cards with published speeds, where only the evaluation is faster.
 */
export async function benchKld(print: (line: string) => void): Promise<void> {
  const toolchain = await resolveToolchain();
  const run = { toolchain, threads: availableParallelism() };
  const small = join(models, "small-llama");
  if (await present([small], print)) {
    const cwd = join(home, "small-llama");
    await once(join(cwd, "model.gguf"), async (part) => copyFile(await convertModel(cwd, small), part));
    await copyFile(join(root, "recipes", "demo", "text", "evaluation.txt"), join(cwd, "text.txt"));
    report("small-llama, 4096 tokens", await measure({ ...run, cwd }), print);
  }
  const cwd = join(home, "largest");
  await once(join(cwd, "model.gguf"), async (part) => {
    await writeModel(part, modelShape("gemma3", largest), "F16", syntheticVocabulary("llama", largest.vocabulary));
  });
  await writeFile(join(cwd, "text.txt"), "the ".repeat(context * (chunks + 2)));
  const times = await measure({ ...run, cwd });
  report("0.27 billion weights, 262,144 tokens", times, print);
  const coreSeconds = (times.logits * run.threads) / (scored * largest.vocabulary);
  const copyRate = await copyBytesPerSecond(cwd);
  print(
    `one logit: ${(coreSeconds * 1e9).toFixed(1)} ns of a core; copy of a block: ${(copyRate / 1e9).toFixed(2)} GB/s`,
  );
  for (const { card, prefill } of published) {
    for (const cores of hostCores) printCard(card, cores, prefill, coreSeconds, copyRate, print);
  }
}

async function measure(run: Parameters<typeof measureKldTimes>[0]): Promise<KldTimes> {
  await saveBaseLogits({ ...run, model: "model.gguf", text: "text.txt", out: "base.kld", chunks, context });
  return measureKldTimes(run, []);
}

function report(name: string, { decoding, logits }: KldTimes, print: (line: string) => void): void {
  print(`${name}: ${percent(logits, decoding)} of a KLD run on the CPU is reading and handling of logits`);
}

/** Times per chunk of an 8B model: evaluation on the card, logits on the host's cores, copy and reading of the rows. */
function printCard(
  card: string,
  cores: number,
  prefill: number,
  coreSeconds: number,
  copyRate: number,
  print: (line: string) => void,
): void {
  const evaluation = context / prefill;
  const rows = scored * vocabulary * 2;
  const logits = (scored * vocabulary * coreSeconds) / cores;
  const copy = rows / copyRate;
  const beside = Math.max(0, copy - evaluation - logits);
  const ms = (seconds: number) => `${(seconds * 1000).toFixed(0)} ms`;
  print(
    `8B on ${card}, ${cores} cores, a chunk: evaluation ${ms(evaluation)}, logits ${ms(logits)}, copy ${ms(copy)}; share ${percent(logits + copy, evaluation)}, with the copy beside the evaluation ${percent(logits + beside, evaluation)}`,
  );
}

const percent = (part: number, rest: number) => `${((100 * part) / (part + rest)).toFixed(1)} %`;

async function copyBytesPerSecond(cwd: string): Promise<number> {
  const from = join(cwd, "base.kld");
  const to = join(cwd, "copy.kld");
  const started = performance.now();
  await extractChunks(
    from,
    to,
    Array.from({ length: chunks }, (_, chunk) => chunk),
  );
  const seconds = (performance.now() - started) / 1000;
  const { size } = await stat(to);
  await rm(to);
  return size / seconds;
}

/** Creates a file through a temporary name, unless it exists. */
async function once(path: string, make: (part: string) => Promise<unknown>): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return;
  await mkdir(join(path, ".."), { recursive: true });
  await make(`${path}.part`);
  await rename(`${path}.part`, path);
}
