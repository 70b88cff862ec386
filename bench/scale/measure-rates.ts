import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { packageRoot } from "../../src/util/package-root.js";
import { makeLargeCheckpoint } from "../convert/large-checkpoint.js";
import { runRecipe } from "../run-recipe.js";
import type { Rates, VariantKind } from "./rates.js";

const chunks = { calibration: 4, search: 2, evaluation: 4, context: 512 } as const;
/** Probed tensor groups of this model, plus the measurement of the noise. */
const probes = 24;
const presets: Record<VariantKind, string> = {
  legacy: "Q8_0",
  k: "Q4_K_M",
  iq4: "IQ4_XS",
  grid: "IQ2_M",
  dynamic: "Q4_K_S",
};

const root = fileURLToPath(packageRoot);

/** Runs every kind of step on a synthetic model and computes the rates of one core from their times. */
export async function measureRates(): Promise<{ rates: Rates; weights: number; cores: number }> {
  const home = await mkdtemp(join(root, "artifacts", "bench-scale-"));
  try {
    await makeLargeCheckpoint(join(home, "model"));
    const { report } = await runRecipe(await writeRecipe(home), join(home, "out"));
    const weights = report.model.parameters ?? Number.NaN;
    const cores = availableParallelism();
    const times = new Map(report.steps.map(({ id, seconds }) => [id, seconds]));
    const perCore = (amount: number, step: string) => amount / (times.get(step) ?? Number.NaN) / cores;
    const flops = (count: number) => 2 * weights * count * chunks.context;
    const byKind = (rate: (variant: string) => number): Record<VariantKind, number> => ({
      legacy: rate(presets.legacy),
      k: rate(presets.k),
      iq4: rate(presets.iq4),
      grid: rate(presets.grid),
      dynamic: rate(presets.dynamic),
    });
    const rates = {
      convertBytes: (2 * weights) / (times.get("convert") ?? Number.NaN),
      imatrixFlops: perCore(flops(chunks.calibration), "calibrate"),
      logitsFlops: perCore(flops(chunks.evaluation), "validate:base"),
      quantizeWeights: byKind((variant) => perCore(weights, `quantize:${variant}`)),
      divergenceFlops: byKind((variant) => perCore(flops(chunks.evaluation), `validate:${variant}`)),
      sharedErrorWeights: perCore(weights, "allocate:errors"),
      ownErrorWeights: perCore(weights, `allocate:${presets.dynamic}:errors`),
      probeFlops: perCore(probes * flops(chunks.search), "allocate:probes"),
    };
    return { rates, weights, cores };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function writeRecipe(home: string): Promise<string> {
  const text = (name: string) => join(root, "recipes", "demo", "text", `${name}.txt`);
  const pipeline = {
    version: 1,
    stages: ["fetch", "convert", "calibrate", "allocate", "quantize", "validate"],
    probes: "groups",
  };
  const { calibration, search, evaluation, context } = chunks;
  const recipe = {
    version: 1,
    model: { source: "./model", name: "Scale" },
    pipeline: "./pipeline.yaml",
    calibration: { corpus: text("calibration"), chunks: calibration, context },
    search: { corpus: text("search"), chunks: search },
    evaluation: { corpus: text("evaluation"), chunks: evaluation, context },
    variants: [
      ...[presets.legacy, presets.k, presets.iq4, presets.grid],
      { name: presets.dynamic, dynamic: { sizeOf: presets.k } },
    ],
  };
  await writeFile(join(home, "pipeline.yaml"), stringify(pipeline));
  await writeFile(join(home, "scale.yaml"), stringify(recipe));
  return join(home, "scale.yaml");
}
