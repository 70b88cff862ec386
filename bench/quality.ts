import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { RunReport, VariantReport } from "../src/release/release-report.js";
import { packageRoot } from "../src/util/package-root.js";
import { models, present, texts } from "./bench-models.js";
import { runRecipe } from "./run-recipe.js";
import { sliceText } from "./slice-text.js";

const presets = ["Q2_K", "Q3_K_M", "IQ4_XS", "Q4_K_M", "Q5_K_M"];
/** Split into the three texts; the second is unused in calibration and search. */
const mixture = "mixed-calibration.txt";
const other = "wikitext-2-test.txt";

const home = join(fileURLToPath(packageRoot), "artifacts", "bench-quality");

/** Effort of the type search. */
const efforts = {
  groups: { probes: "groups" },
  tensors: { probes: "tensors" },
  thorough: { probes: "tensors", effort: "thorough" },
} as const;
type Effort = keyof typeof efforts;

/**
 * Compares presets with dynamic variants of the same file size and imatrix: mean and 99.9 % KL divergence, same top token,
 * predicted divergence, and probing time. Takes half an hour on two cores; an interrupted bench resumes. The model and
 * texts are not in the repository: `QUANTSMITH_BENCH_MODELS` and `QUANTSMITH_BENCH_TEXTS` are their folders.
 */
export async function benchQuality(print: (line: string) => void): Promise<void> {
  const needed = [join(models, "small-llama"), ...[mixture, other].map((name) => join(texts, name))];
  if (!(await present(needed, print))) return;
  await mkdir(home, { recursive: true });
  await sliceText(join(texts, mixture), home);
  const heldOut = join(home, "evaluation.txt");
  const gains = new Map<Effort, number[]>();
  for (const effort of Object.keys(efforts) as Effort[]) {
    const report = await measure(effort, heldOut);
    print(`${effort}: held-out part of ${mixture}, 40 × 512 tokens; probing ${probingTime(report)}`);
    printTable(report.variants, print);
    gains.set(
      effort,
      presets.map((preset) => gain(preset, report.variants)),
    );
  }
  print("gain of groups as a share of the gain of tensors");
  const part = (i: number) => (gains.get("groups")?.[i] ?? 0) / (gains.get("tensors")?.[i] ?? 0);
  print(presets.map((preset, i) => `${preset} ${part(i).toFixed(2)}`).join(" · "));
  print(`tensors: ${other}, 40 × 512 tokens`);
  printTable((await measure("tensors", join(texts, other))).variants, print);
}

async function measure(effort: Effort, evaluation: string): Promise<RunReport> {
  const pipeline = {
    version: 1,
    stages: ["fetch", "convert", "calibrate", "allocate", "quantize", "validate"],
    calibration: { chunks: 120, context: 512 },
    search: { chunks: 32 },
    evaluation: { chunks: 40, context: 512 },
    ...efforts[effort],
  };
  await writeFile(join(home, "pipeline.yaml"), stringify(pipeline));
  const recipe = {
    version: 1,
    model: { source: join(models, "small-llama"), name: "small-llama" },
    pipeline: "./pipeline.yaml",
    calibration: { corpus: "./calibration.txt" },
    search: { corpus: "./search.txt" },
    evaluation: { corpus: evaluation },
    variants: presets.flatMap((preset) => [preset, { name: dynamicName(preset), dynamic: { sizeOf: preset } }]),
  };
  await writeFile(join(home, "quality.yaml"), stringify(recipe));
  return (await runRecipe(join(home, "quality.yaml"), join(home, "out"))).report;
}

/** Time of probes and error tables; empty if an earlier run did them. */
function probingTime({ steps }: RunReport): string {
  const made = steps.filter(({ id, status }) => /^allocate:(.*errors|base|probes)$/.test(id) && status === "built");
  return made.length === 0 ? "from the store" : `${made.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s`;
}

/** The only prefix that the Hub includes in the label, so that the two variants have different labels. */
const dynamicName = (preset: string) => `UD-${preset}`;

function pair(preset: string, variants: readonly VariantReport[]) {
  const before = variants.find(({ name }) => name === preset);
  const after = variants.find(({ name }) => name === dynamicName(preset));
  if (!before?.quality || !after?.quality || !after.allocation) throw new Error(`${preset} was not measured`);
  return {
    before: { ...before, ...before.quality },
    after: { ...after, ...after.quality },
    allocation: after.allocation,
  };
}

function gain(preset: string, variants: readonly VariantReport[]): number {
  const { before, after } = pair(preset, variants);
  return before.kldMean - after.kldMean;
}

function printTable(variants: readonly VariantReport[], print: (line: string) => void): void {
  const row = (cells: readonly string[]) => print(`| ${cells.join(" | ")} |`);
  row(["at the size of", "preset KLD", "dynamic KLD", "ratio", "predicted", "99.9 % ratio", "same top", "bytes used"]);
  row(Array.from({ length: 8 }, () => "---"));
  for (const preset of presets) {
    const { before, after, allocation } = pair(preset, variants);
    row([
      preset,
      before.kldMean.toFixed(5),
      after.kldMean.toFixed(5),
      (after.kldMean / before.kldMean).toFixed(3),
      allocation.predictedKld?.toFixed(5) ?? "–",
      (after.kld999 / before.kld999).toFixed(3),
      `${before.sameTop.toFixed(2)} → ${after.sameTop.toFixed(2)} %`,
      `${((100 * after.bytes) / before.bytes).toFixed(3)} %`,
    ]);
  }
}
