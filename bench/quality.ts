import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../src/util/package-root.js";
import { models, present, texts } from "./bench-models.js";
import { type Effort, measureColumns, type QualityTask } from "./quality-columns.js";
import { kldTable, predictionTable, tailTable } from "./quality-tables.js";
import { writeForeignTexts } from "./quality-texts.js";
import { sliceText } from "./slice-text.js";

const presets = ["Q2_K", "Q3_K_M", "IQ4_XS", "Q4_K_M", "Q5_K_M"];
const expertPresets = ["Q3_K_M", "Q4_K_M"];
/** Cut into the texts for calibration, search and evaluation. */
const mixture = "mixed-calibration.txt";
/** A text of which calibration and search contain nothing. */
const other = "wikitext-2-test.txt";

const home = join(fileURLToPath(packageRoot), "artifacts", "bench-quality");

/**
 * Compares, at equal bytes, presets rounded to nearest, the same types with error feedback, dynamic types, and both
 * together: mean and 99.9 % KL divergence, same top token, and the predicted divergence. Takes about two hours on two
 * cores; an interrupted run resumes. The models and most texts are not part of the repository: `QUANTSMITH_BENCH_MODELS`
 * and `QUANTSMITH_BENCH_TEXTS` name their folders.
 */
export async function benchQuality(print: (line: string) => void): Promise<void> {
  const dense = join(models, "small-llama");
  const experts = join(models, "small-moe", "small-moe-bf16.gguf");
  if (!(await present([dense, ...[mixture, other].map((name) => join(texts, name))], print))) return;
  await mkdir(home, { recursive: true });
  await sliceText(join(texts, mixture), home);
  const foreign = await writeForeignTexts(home);
  const heldOut = { name: `held-out part of ${mixture}`, path: join(home, "evaluation.txt") };
  const task: Omit<QualityTask, "effort" | "evaluation"> = { home, model: dense, presets };
  for (const effort of ["groups", "tensors"] satisfies Effort[]) {
    await printTables({ ...task, effort, evaluation: heldOut }, print);
  }
  for (const evaluation of [{ name: other, path: join(texts, other) }, ...foreign]) {
    await printTables({ ...task, effort: "tensors", evaluation }, print);
  }
  if (await present([experts], print)) {
    await printTables({ home, model: experts, presets: expertPresets, effort: "tensors", evaluation: heldOut }, print);
  }
  await printTables({ ...task, effort: "thorough", evaluation: heldOut }, print);
}

async function printTables(task: QualityTask, print: (line: string) => void): Promise<void> {
  const columns = await measureColumns(task);
  print(`## ${columns.model}, probes: ${task.effort}, ${task.evaluation.name}, ${columns.chunks} × 512 tokens`);
  for (const table of [kldTable, tailTable, predictionTable]) {
    for (const line of table(columns, task.presets)) print(line);
    print("");
  }
}
