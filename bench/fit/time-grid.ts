import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeHeader } from "../../src/gguf/encode-header.js";
import { writeSparseGguf } from "../../src/gguf/write-sparse-gguf.js";
import { estimateFit } from "../../src/hardware/fit/estimate-fit.js";
import { measureMemories } from "../../src/hardware/memory/measure-memory.js";
import { loadSpeedConstants } from "../../src/hardware/speed/speed-files.js";
import { ggmlTypes } from "../../src/quant/ggml-types.js";
import { loadCatalog } from "../../src/recipe/catalog/load-catalog.js";
import { modelShape } from "./architectures.js";
import { syntheticVocabulary } from "./vocabulary.js";
import { headerOf } from "./write-model.js";

const [variantCount, deviceCount] = [25, 30];
const contexts = [2048, 8192, 32_768, 131_072];
/** An 8 B model. */
const size = { width: 4096, layers: 36, feedForward: 12_288, heads: 32, vocabulary: 151_936, trainedContext: 131_072 };

/** Prints the wall time of 25 variants of an 8 B model on 30 devices at 4 contexts, with an empty cache. */
export async function timeGrid(print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const cache = process.env.QUANTSMITH_CACHE;
  process.env.QUANTSMITH_CACHE = join(folder, "cache");
  try {
    const vocabulary = syntheticVocabulary("gpt2", size.vocabulary);
    const types = ggmlTypes.filter(({ target, name }) => target && name !== "F32").slice(0, variantCount);
    const files = types.map(({ name }) => join(folder, `${name}.gguf`));
    for (const [i, { name }] of types.entries()) {
      const { bytes, fileBytes } = encodeHeader(headerOf(modelShape("llama", size), name, vocabulary));
      await writeSparseGguf(files[i] ?? "", { bytes, fileBytes });
    }
    const started = performance.now();
    const models = await measureMemories(files);
    const simulated = performance.now();
    const { devices, backends } = await loadCatalog();
    const speed = await loadSpeedConstants();
    const verdicts: Record<string, number> = {};
    for (const [index, model] of models.entries()) {
      for (const device of [...devices.values()].slice(0, deviceCount)) {
        for (const context of contexts) {
          const question = { variant: types[index]?.name ?? "", model, device, backends, context, speed };
          const { verdict } = estimateFit({ ...question, kvType: "f16" });
          verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
        }
      }
    }
    const ended = performance.now();
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
    print(
      `${models.length} variants × ${deviceCount} devices × ${contexts.length} contexts: ${seconds(started, ended)} s, simulation ${seconds(started, simulated)} s (target: 20 s; verdicts: ${JSON.stringify(verdicts)})`,
    );
  } finally {
    if (cache === undefined) delete process.env.QUANTSMITH_CACHE;
    else process.env.QUANTSMITH_CACHE = cache;
    await rm(folder, { recursive: true, force: true });
  }
}
