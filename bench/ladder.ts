import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { quantize } from "../src/llamacpp/quantize.js";
import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import { packageRoot } from "../src/util/package-root.js";
import { sha256File } from "../src/util/sha256.js";
import { models, present } from "./bench-models.js";
import { benchMemory } from "./ladder-memory.js";
import { runRecipe } from "./run-recipe.js";
import { storedFile } from "./stored-file.js";

/** The most published presets, from few bits to many. */
const presets = [
  ...["IQ2_M", "Q2_K", "IQ3_XXS", "IQ3_M", "Q3_K_S", "Q3_K_M", "Q3_K_L", "IQ4_XS"],
  ...["IQ4_NL", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0"],
];
const imatrixName = "small-llama-imatrix.gguf";
const threads = 2;

/**
 * Compares one run of quantsmith, hashing and flushing included, with 16 runs of llama-quantize with the same imatrix,
 * for 16 common presets of small-llama: wall times and file contents. Then prints the peak memory of quantizing and of
 * the error table, on the model and on one four times as large.
 */
export async function benchLadder(print: (line: string) => void): Promise<void> {
  const model = join(models, "small-llama");
  if (!(await present([model], print))) return;
  const home = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    const recipe = await writeRecipe(home, model);
    const out = join(home, "out");
    await runRecipe(recipe, out, "--until", "calibrate");
    const { seconds: ours } = await runRecipe(recipe, out);
    const reference = join(home, "reference");
    await mkdir(reference);
    await symlink(await storedFile(out, "convert", "model.gguf"), join(reference, "model.gguf"));
    await symlink(await storedFile(out, "calibrate", "imatrix.gguf"), join(reference, imatrixName));
    const theirs = await runLlamaQuantize(reference);
    print(`${presets.length} × llama-quantize  ${theirs.toFixed(1)} s`);
    print(`quantsmith           ${ours.toFixed(1)} s`);
    print(`ratio                ${(ours / theirs).toFixed(2)}`);
    print(`files that differ    ${await differingFiles(out, reference)}`);
    await benchMemory(reference, imatrixName, print);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function writeRecipe(home: string, source: string): Promise<string> {
  const pipeline = { version: 1, stages: ["fetch", "convert", "calibrate", "quantize"], calibration: { chunks: 8 } };
  await writeFile(join(home, "pipeline.yaml"), stringify(pipeline));
  const corpus = fileURLToPath(new URL("recipes/demo/text/calibration.txt", packageRoot));
  const model = { source, name: "small-llama" };
  const recipe = { version: 1, model, pipeline: "./pipeline.yaml", calibration: { corpus }, variants: presets };
  await writeFile(join(home, "ladder.yaml"), stringify(recipe));
  return join(home, "ladder.yaml");
}

/** Total wall time of all runs in seconds. */
async function runLlamaQuantize(cwd: string): Promise<number> {
  const toolchain = await resolveToolchain();
  let seconds = 0;
  for (const type of presets) {
    const options = { model: "model.gguf", imatrix: imatrixName, type, out: `${type}.gguf` };
    seconds += (await quantize({ toolchain, cwd, threads, ...options })).seconds;
  }
  return seconds;
}

async function differingFiles(out: string, reference: string): Promise<number> {
  const ours = new Set<string>();
  for (const folder of await readdir(join(out, "store"))) {
    if (folder.startsWith("quantize-")) ours.add(await sha256File(join(out, "store", folder, "model.gguf")));
  }
  const theirs = await Promise.all(presets.map((preset) => sha256File(join(reference, `${preset}.gguf`))));
  return theirs.filter((digest) => !ours.has(digest)).length;
}
