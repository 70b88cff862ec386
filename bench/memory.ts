import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { packageRoot } from "../src/util/package-root.js";
import { models, present } from "./bench-models.js";
import { convertModel } from "./convert-model.js";
import { repeatLayers } from "./ladder-memory.js";
import { runRecipe } from "./run-recipe.js";

const root = fileURLToPath(packageRoot);
const text = (name: string) => join(root, "recipes", "demo", "text", `${name}.txt`);

/** A step's peak resident memory in bytes, mapped files included, by step. */
type Peaks = ReadonlyMap<string, number>;

/**
 * Prints the peak memory of the native tools of every step, on small-llama and on a copy with four times the size: five
 * times the layers. A tool maps the model that it evaluates; those pages are the page cache's, so the second pair of
 * figures leaves out the file. QUANTSMITH_BENCH_DEVICE is a value of `compute.device` (default `cpu`).
 */
export async function benchStepMemory(print: (line: string) => void): Promise<void> {
  const source = join(models, "small-llama");
  if (!(await present([source], print))) return;
  const home = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    await copyFile(await convertModel(home, source), join(home, "small.gguf"));
    await repeatLayers(join(home, "small.gguf"), join(home, "large.gguf"));
    const small = await peaks(home, "small");
    const large = await peaks(home, "large");
    for (const [step, bytes] of small.peaks) {
      const after = large.peaks.get(step) ?? Number.NaN;
      const mapped = [bytes - small.fileBytes, after - large.fileBytes] as const;
      const pair = ([a, b]: readonly [number, number]) =>
        `${megabytes(a)} → ${megabytes(b)} (${((100 * b) / a - 100).toFixed(0)} %)`;
      print(`${step.padEnd(24)} ${pair([bytes, after])}${mapped[0] > 0 ? `, without the model ${pair(mapped)}` : ""}`);
    }
    print(`the run's own process     ${megabytes(small.own)} → ${megabytes(large.own)}`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function peaks(home: string, name: string): Promise<{ peaks: Peaks; fileBytes: number; own: number }> {
  const pipeline = {
    ...{ version: 1, stages: ["fetch", "convert", "calibrate", "allocate", "quantize", "validate"], probes: "groups" },
    ...{ calibration: { chunks: 1 }, search: { chunks: 1 }, evaluation: { chunks: 4, context: 256 } },
  };
  await writeFile(join(home, "steps.yaml"), stringify(pipeline));
  const recipe = {
    version: 1,
    model: { source: `./${name}.gguf`, name },
    pipeline: "./steps.yaml",
    calibration: { corpus: text("calibration") },
    search: { corpus: text("search") },
    evaluation: { corpus: text("evaluation") },
    variants: ["Q4_K_M", { name: "Q4_K_S", dynamic: { sizeOf: "Q4_K_M" } }],
    compute: { device: process.env.QUANTSMITH_BENCH_DEVICE ?? "cpu" },
  };
  await writeFile(join(home, `${name}.yaml`), stringify(recipe));
  const out = join(home, `out-${name}`);
  const { peakMemoryBytes: own } = await runRecipe(join(home, `${name}.yaml`), out);
  const store = join(out, "store");
  const found = new Map<string, number>();
  for (const folder of await readdir(store)) {
    const record = await readFile(join(store, folder, "record.json"), "utf8").catch(() => undefined);
    if (record === undefined) continue;
    const { step, peakMemoryBytes } = JSON.parse(record) as { step: string; peakMemoryBytes: number };
    if (peakMemoryBytes > 0) found.set(step, peakMemoryBytes);
  }
  const { size: fileBytes } = await stat(join(home, `${name}.gguf`));
  return { peaks: new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1))), fileBytes, own };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
