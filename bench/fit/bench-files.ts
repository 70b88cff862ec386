import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readGguf } from "../../src/gguf/read-header.js";
import { convertToGguf } from "../../src/llamacpp/python/convert.js";
import { prepareConverterPython } from "../../src/llamacpp/python/python-env.js";
import { quantize } from "../../src/llamacpp/quantize.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";
import { packageRoot } from "../../src/util/package-root.js";
import { models, present } from "../bench-models.js";
import { type ArchitectureName, modelShape } from "./architectures.js";
import { syntheticVocabulary } from "./vocabulary.js";
import { writeModel } from "./write-model.js";

export interface BenchFile {
  name: string;
  path: string;
  /** Measured contexts in tokens. */
  contexts: readonly number[];
}

const root = fileURLToPath(packageRoot);
const home = join(root, "artifacts", "bench-fit");
const threads = 2;
/** Long enough for caches of hundreds of MB; no computation uses the whole length. */
const trainedContext = 131_072;

type Generated = [
  name: ArchitectureName,
  type: string,
  size: { width: number; layers: number; feedForward: number; heads: number },
];

/** 60 to 200 MB each. */
const generated: readonly Generated[] = [
  ["llama", "Q4_K", { width: 768, layers: 12, feedForward: 2048, heads: 12 }],
  ["gemma3", "Q8_0", { width: 768, layers: 18, feedForward: 2304, heads: 4 }],
  ["qwen3moe", "Q4_0", { width: 768, layers: 12, feedForward: 2048, heads: 8 }],
  ["deepseek2", "F16", { width: 768, layers: 8, feedForward: 2048, heads: 8 }],
  ["mamba2", "Q8_0", { width: 1024, layers: 16, feedForward: 2048, heads: 8 }],
  ["lfm2", "F16", { width: 768, layers: 12, feedForward: 2560, heads: 12 }],
  ["granitehybrid", "Q8_0", { width: 1024, layers: 12, feedForward: 2560, heads: 16 }],
];

/** A common vocabulary size; its logits are most of the compute buffer. */
const largeVocabulary = { width: 256, layers: 4, feedForward: 1024, heads: 4, vocabulary: 131_072 };

/** Variants of the two real models and one generated model of each architecture; created once. */
export async function benchFiles(toolchain: Toolchain, print: (line: string) => void): Promise<BenchFile[]> {
  await mkdir(home, { recursive: true });
  const demo = join(root, "recipes", "demo", "tiny-llama");
  const files = await variants("tiny-llama", demo, ["Q8_0", "Q4_K_M", "Q4_0"], [512, 2048], toolchain);
  const small = join(models, "small-llama");
  if (await present([small], print)) {
    files.push(...(await variants("small-llama", small, ["Q8_0", "Q4_K_M"], [512, 1024], toolchain)));
  }
  const vocabulary = (await readGguf(join(home, "tiny-llama.gguf"))).metadata;
  for (const [architecture, type, size] of generated) {
    const path = join(home, `${architecture}-${type}.gguf`);
    const shape = modelShape(architecture, { ...size, vocabulary: 4096, trainedContext });
    await once(path, async (part) => void (await writeModel(part, shape, type, vocabulary)));
    files.push({ name: `${architecture} ${type}`, path, contexts: [512, 1024] });
  }
  for (const kind of ["llama", "gpt2"] as const) {
    const path = join(home, `vocabulary-${kind}.gguf`);
    const shape = modelShape("llama", { ...largeVocabulary, trainedContext });
    const tokens = syntheticVocabulary(kind, largeVocabulary.vocabulary);
    await once(path, async (part) => void (await writeModel(part, shape, "Q8_0", tokens)));
    files.push({ name: `${largeVocabulary.vocabulary} tokens, ${kind}`, path, contexts: [512, 1024] });
  }
  return files;
}

async function variants(
  name: string,
  modelDir: string,
  presets: readonly string[],
  contexts: readonly number[],
  toolchain: Toolchain,
): Promise<BenchFile[]> {
  const run = { toolchain, cwd: home, threads };
  const base = `${name}.gguf`;
  await once(join(home, base), async (part) => {
    const python = await prepareConverterPython();
    await convertToGguf({
      ...run,
      python,
      modelDir,
      modelName: name,
      outFile: part.slice(home.length + 1),
      outtype: "bf16",
    });
  });
  const files = [{ name: `${name} BF16`, path: join(home, base), contexts }];
  for (const type of presets) {
    const path = join(home, `${name}-${type}.gguf`);
    await once(
      path,
      async (part) => void (await quantize({ ...run, model: base, type, out: part.slice(home.length + 1) })),
    );
    files.push({ name: `${name} ${type}`, path, contexts });
  }
  return files;
}

/** Creates a file through a temporary name, unless it exists. */
async function once(path: string, make: (part: string) => Promise<void>): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return;
  const part = `${path}.part`;
  await rm(part, { force: true });
  await make(part);
  await rename(part, path);
}
