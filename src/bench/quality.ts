import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { RunReport, VariantReport } from "../report/run-report.js";
import { packageRoot } from "../util/package-root.js";
import { runSubprocess } from "../util/subprocess.js";
import { models, present, texts } from "./bench-models.js";

const presets = ["Q2_K", "Q3_K_M", "IQ4_XS", "Q4_K_M", "Q5_K_M"];
/** Neither text is used to calibrate or to search. */
const evaluations = ["public-domain-evaluation.txt", "wikitext-2-test.txt"];

const root = fileURLToPath(packageRoot);

const pipeline = {
  version: 1,
  stages: ["fetch", "convert", "calibrate", "allocate", "quantize", "validate"],
  calibration: { chunks: 120, context: 512 },
  search: { chunks: 24 },
  evaluation: { chunks: 40, context: 512 },
  probes: "tensors",
};

/**
 * Presets against dynamic variants of the same file size, same imatrix: mean and 99.9 % KL divergence, same top token,
 * and what the probes foretold. Takes ten minutes on two cores; an interrupted one continues where it was.
 * The model and the texts do not come with the repository; `QUANTSMITH_BENCH_MODELS` and `QUANTSMITH_BENCH_TEXTS` name
 * their folders.
 */
export async function benchQuality(print: (line: string) => void): Promise<void> {
  const needed = [join(models, "small-llama"), ...evaluations.map((name) => join(texts, name))];
  if (!(await present(needed, print))) return;
  const home = join(root, "artifacts", "bench-quality");
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "pipeline.yaml"), stringify(pipeline));
  for (const evaluation of evaluations) {
    print(`${evaluation}, ${pipeline.evaluation.chunks} × ${pipeline.evaluation.context} tokens`);
    printTable(await measure(home, evaluation), print);
  }
}

async function measure(home: string, evaluation: string): Promise<VariantReport[]> {
  const recipe = join(home, "quality.yaml");
  const text = (name: string) => ({ corpus: join(texts, name) });
  await writeFile(
    recipe,
    stringify({
      version: 1,
      model: { source: join(models, "small-llama"), name: "small-llama" },
      pipeline: "./pipeline.yaml",
      calibration: text("mixed-calibration.txt"),
      search: text("public-domain-calibration.txt"),
      evaluation: text(evaluation),
      variants: presets.flatMap((preset) => [preset, { name: dynamicName(preset), dynamic: { sizeOf: preset } }]),
    }),
  );
  const args = [join(root, "dist/cli/main.js"), "run", recipe, "--out", join(home, "out"), "--json"];
  const result = await runSubprocess({ file: process.execPath, args, cwd: home, env: { CI: "true" } });
  if (result.exitCode !== 0) throw new Error(result.tail);
  return (JSON.parse(result.stdout) as RunReport).variants;
}

const dynamicName = (preset: string) => `dynamic-${preset}`;

function printTable(variants: readonly VariantReport[], print: (line: string) => void): void {
  const row = (cells: readonly string[]) => print(`| ${cells.join(" | ")} |`);
  row(["at the size of", "preset KLD", "dynamic KLD", "ratio", "foretold", "99.9 % ratio", "same top", "bytes used"]);
  row(Array.from({ length: 8 }, () => "---"));
  for (const name of presets) {
    const preset = variants.find((variant) => variant.name === name);
    const dynamic = variants.find((variant) => variant.name === dynamicName(name));
    if (!preset?.quality || !dynamic?.quality || !dynamic.allocation) throw new Error(`${name} was not measured`);
    const [before, after] = [preset.quality, dynamic.quality];
    row([
      name,
      before.kldMean.toFixed(5),
      after.kldMean.toFixed(5),
      (after.kldMean / before.kldMean).toFixed(3),
      dynamic.allocation.predictedKld?.toFixed(5) ?? "–",
      (after.kld999 / before.kld999).toFixed(3),
      `${before.sameTop.toFixed(2)} → ${after.sameTop.toFixed(2)} %`,
      `${((100 * dynamic.bytes) / preset.bytes).toFixed(3)} %`,
    ]);
  }
}
