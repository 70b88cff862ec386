import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import type { VariantAllocation, VariantQuality, VariantReport } from "../src/release/release-report.js";
import { runRecipe } from "./run-recipe.js";

/** Measurements behind the choice of types. */
const efforts = {
  groups: { probes: "groups" },
  tensors: { probes: "tensors" },
  thorough: { probes: "tensors", effort: "thorough" },
} as const;
export type Effort = keyof typeof efforts;

export interface QualityTask {
  /** Contains `calibration.txt` and `search.txt`; recipes and results are written there. */
  home: string;
  model: string;
  presets: readonly string[];
  effort: Effort;
  evaluation: { name: string; path: string };
}

export type Measured = VariantQuality & { bytes: number; allocation?: VariantAllocation };

/** The four ways to make a variant of one size. */
export interface Column {
  preset: Measured;
  presetFeedback: Measured;
  dynamic: Measured;
  dynamicFeedback: Measured;
}

export interface QualityColumns {
  model: string;
  /** Chunks of evaluation text. */
  chunks: number;
  /** By preset. */
  columns: ReadonlyMap<string, Column>;
}

/** The only prefix that the Hub reads as part of a label. */
const dynamicName = (preset: string) => `UD-${preset}`;

/** Builds and measures all variants; results in the store are reused. */
export async function measureColumns(task: QualityTask): Promise<QualityColumns> {
  const nearest = await measure(task, "nearest");
  const feedback = await measure(task, "feedback");
  const columns = task.presets.map((preset): [string, Column] => [
    preset,
    {
      preset: measured(nearest, preset),
      presetFeedback: measured(feedback, preset),
      dynamic: measured(nearest, dynamicName(preset)),
      dynamicFeedback: measured(feedback, dynamicName(preset)),
    },
  ]);
  return {
    model: basename(task.model),
    chunks: nearest[0]?.quality?.chunks ?? 0,
    columns: new Map(columns),
  };
}

async function measure(task: QualityTask, rounding: "nearest" | "feedback"): Promise<VariantReport[]> {
  const { home, model, presets, effort, evaluation } = task;
  const pipeline = {
    version: 1,
    stages: ["fetch", "convert", "calibrate", "allocate", "quantize", "validate"],
    calibration: { chunks: 120, context: 512 },
    search: { chunks: 32 },
    evaluation: { chunks: 40, context: 512 },
    quantize: { rounding },
    ...efforts[effort],
  };
  await writeFile(join(home, "pipeline.yaml"), stringify(pipeline));
  const recipe = {
    version: 1,
    model: { source: model, name: basename(model, ".gguf") },
    pipeline: "./pipeline.yaml",
    calibration: { corpus: "./calibration.txt" },
    search: { corpus: "./search.txt" },
    evaluation: { corpus: evaluation.path },
    variants: presets.flatMap((preset) => [preset, { name: dynamicName(preset), dynamic: { sizeOf: preset } }]),
  };
  await writeFile(join(home, "quality.yaml"), stringify(recipe));
  return (await runRecipe(join(home, "quality.yaml"), join(home, "out"))).report.variants;
}

function measured(variants: readonly VariantReport[], name: string): Measured {
  const found = variants.find((variant) => variant.name === name);
  if (!found?.quality) throw new Error(`${name} was not measured`);
  const { bytes, allocation, quality } = found;
  return { ...quality, bytes, ...(allocation === undefined ? {} : { allocation }) };
}
