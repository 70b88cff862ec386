import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeHeader } from "../src/gguf/encode-header.js";
import { writeSparseGguf } from "../src/gguf/write-sparse-gguf.js";
import { findDevice } from "../src/hardware/catalog/find-device.js";
import { type Placement, placeModel } from "../src/hardware/fit/place-model.js";
import { logitsBytes } from "../src/hardware/memory/evaluation.js";
import { measureMemories } from "../src/hardware/memory/measure-memory.js";
import { loadCatalog } from "../src/recipe/catalog/load-catalog.js";
import { syntheticVocabulary } from "./fit/vocabulary.js";
import { headerOf } from "./fit/write-model.js";
import { placedModels } from "./placement/shapes.js";

const deviceIds = ["rtx-3060-12gb", "rtx-3090", "2x-rtx-3090", "m1-max-32gb"] as const;
/** The 16-bit base, its copy, and about the size of Q4_K_M. */
const types = ["F16", "Q8_0", "Q4_K"] as const;
/** Tokens that llama-perplexity evaluates together: four chunks. */
const cacheTokens = 2048;
const chunk = 512;

/**
 * Prints where an 8B, a 30B-A3B and a 70B model are placed while imatrix, logits, probes and variants are computed, on the
 * devices of docs/gpu.md. Sizes of caches and buffers are from llama.cpp's allocator, for headers without weights.
 */
export async function benchPlacement(print: (line: string) => void): Promise<void> {
  const catalog = await loadCatalog();
  const devices = deviceIds.map((id) => findDevice(catalog, id));
  print(`| model | GB | ${devices.map(({ name }) => name).join(" | ")} |`);
  print(`|${"---|".repeat(2 + devices.length)}`);
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    for (const { name, shape, vocabulary } of placedModels) {
      const tokens = syntheticVocabulary("llama", vocabulary);
      const files: string[] = [];
      for (const type of types) {
        const { bytes, fileBytes } = encodeHeader(headerOf(shape, type, tokens));
        const file = join(folder, `${name}-${type}.gguf`);
        await writeSparseGguf(file, { bytes, fileBytes });
        files.push(file);
      }
      const logits = logitsBytes({ vocabulary, context: chunk });
      for (const [index, model] of (await measureMemories(files)).entries()) {
        const cells = devices.map((device) =>
          describe(
            placeModel({ model, device, backends: catalog.backends, context: cacheTokens, kvType: "f16" }),
            logits,
          ),
        );
        print(`| ${name} ${types[index]} | ${gigabytes(model.footprint.fileBytes)} | ${cells.join(" | ")} |`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Host memory includes the logits of a batch. Metal's devices share the host's memory. */
function describe({ offload, layers, hostBytes, verdict, neededBytes }: Placement, logits: number): string {
  if (offload === "all") return `all, ${gigabytes(neededBytes + logits)} GB`;
  const host = `host ${gigabytes(hostBytes + logits)} GB`;
  if (offload === null) return verdict === "no" ? "too large" : `CPU, ${host}`;
  const { offloaded, expertsOnCpu } = offload;
  const some = offloaded === layers ? "all" : `${offloaded} of ${layers} layers`;
  const experts = expertsOnCpu === 0 ? "" : `, experts of ${expertsOnCpu} blocks on the host`;
  return `${some}${experts}, ${host}`;
}

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(bytes < 9.95e9 ? 1 : 0);
