import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { packageRoot } from "../../util/package-root.js";
import { type RandomTensor, writeRandomCheckpoint } from "../convert/random-checkpoint.js";
import { runRecipe } from "../run-recipe.js";
import type { Rates, VariantKind } from "./rates.js";

/** A Llama of half a billion weights, with the bundled model's tokenizer. */
const shape = { hidden: 2048, inner: 8192, layers: 8, heads: 32, kvHeads: 8, vocabulary: 4096 } as const;
const chunks = { calibration: 4, search: 2, evaluation: 4, context: 512 } as const;
/** Groups of this model's tensors that are probed, and the measurement of the noise. */
const probes = 17;
const presets: Record<VariantKind, string> = {
  legacy: "Q8_0",
  k: "Q4_K_M",
  iq4: "IQ4_XS",
  grid: "IQ2_M",
  dynamic: "Q4_K_S",
};

const root = fileURLToPath(packageRoot);

/** Runs every kind of step on a made-up model and reads from their times what one core does in a second. */
export async function measureRates(): Promise<{ rates: Rates; weights: number; cores: number }> {
  const home = await mkdtemp(join(root, "artifacts", "bench-scale-"));
  try {
    const weights = await makeModel(join(home, "model"));
    const { report } = await runRecipe(await writeRecipe(home), join(home, "out"));
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

async function makeModel(folder: string): Promise<number> {
  const tiny = join(root, "recipes", "demo", "tiny-llama");
  await mkdir(folder);
  for (const name of ["tokenizer.model", "tokenizer_config.json", "generation_config.json"]) {
    await cp(join(tiny, name), join(folder, name));
  }
  const config = JSON.parse(await readFile(join(tiny, "config.json"), "utf8")) as Record<string, unknown>;
  const { hidden, inner, layers, heads, kvHeads } = shape;
  const made = {
    ...config,
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: hidden / heads,
    tie_word_embeddings: false,
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(made));
  const tensors = llamaTensors();
  await writeRandomCheckpoint(folder, tensors);
  return tensors.reduce((sum, tensor) => sum + tensor.shape.reduce((product, size) => product * size, 1), 0);
}

function llamaTensors(): RandomTensor[] {
  const { hidden, inner, layers, heads, kvHeads, vocabulary } = shape;
  const kv = (hidden / heads) * kvHeads;
  const matrix = (name: string, rows: number, columns: number): RandomTensor => ({
    name: `${name}.weight`,
    shape: [rows, columns],
    dtype: "BF16",
    around: 0,
  });
  const norm = (name: string): RandomTensor => ({ name: `${name}.weight`, shape: [hidden], dtype: "BF16", around: 1 });
  const layer = (index: number) => {
    const at = `model.layers.${index}`;
    return [
      norm(`${at}.input_layernorm`),
      matrix(`${at}.self_attn.q_proj`, hidden, hidden),
      matrix(`${at}.self_attn.k_proj`, kv, hidden),
      matrix(`${at}.self_attn.v_proj`, kv, hidden),
      matrix(`${at}.self_attn.o_proj`, hidden, hidden),
      norm(`${at}.post_attention_layernorm`),
      matrix(`${at}.mlp.gate_proj`, inner, hidden),
      matrix(`${at}.mlp.up_proj`, inner, hidden),
      matrix(`${at}.mlp.down_proj`, hidden, inner),
    ];
  };
  return [
    matrix("model.embed_tokens", vocabulary, hidden),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    norm("model.norm"),
    matrix("lm_head", vocabulary, hidden),
  ];
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
