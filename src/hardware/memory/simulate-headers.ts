import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { tokenCount, withPlaceholderTokens } from "../../gguf/placeholder-tokens.js";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import { type RefusedFile, type SimulatedMemory, simulateMemory } from "../../llamacpp/memory/simulate-memory.js";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import { batchTokens } from "./measured-points.js";
import type { MemoryConfiguration } from "./memory.js";

/** What the simulations of one file say, in bytes. */
export interface SimulatedHeader extends SimulatedMemory {
  /** Compute buffers that the layers alone need, in the order of `runs`; null where that is not known. */
  layers: readonly (number | null)[];
}

interface Model {
  gguf: Gguf;
  runs: readonly MemoryConfiguration[];
}

/** Tokens of the second header: llama.cpp wants some. */
const fewTokens = 32;

/**
 * Simulates each file by its header alone. The first variant of a model is simulated a second time with next to no
 * vocabulary: what that compute buffer lacks is kept for logits. Its caches and compute buffers are those of the other
 * variants, too: llama.cpp computes in F32 between weights of any type, and a test compares.
 * Throws QS-MEMORY-MODEL when llama.cpp cannot take a file, QS-MEMORY-RUNTIME when it does not start.
 */
export async function simulateHeaders(models: readonly Model[], signal?: AbortSignal): Promise<SimulatedHeader[]> {
  if (models.length === 0) return [];
  const shapes = models.map(shapeOf);
  const firsts = [...new Set(shapes)].map((shape) => shapes.indexOf(shape));
  const folder = await mkdtemp(path.join(tmpdir(), "quantsmith-memory-"));
  try {
    const weights = models.map(
      ({ gguf, runs }, i) => [gguf, tokenCount(gguf), firsts.includes(i) ? runs : []] as const,
    );
    const layers = firsts
      .flatMap((i) => models.slice(i, i + 1))
      .map(({ gguf, runs }) => [gguf, fewTokens, runs] as const);
    const files = await Promise.all(
      [...weights, ...layers].map(async ([gguf, tokens, runs], i) => {
        const { bytes, fileBytes } = encodeHeader(withPlaceholderTokens(gguf, tokens));
        await writeSparseGguf(path.join(folder, `${i}.gguf`), { bytes, fileBytes });
        return { path: path.join(folder, `${i}.gguf`), runs };
      }),
    );
    const answers = await simulateMemory(files, batchTokens, signal);
    return models.map(({ gguf, runs }, i) => {
      const first = firsts.findIndex((other) => shapes[other] === shapes[i]);
      const own = accepted(gguf.path, answers[i]);
      const shared = accepted(gguf.path, answers[firsts[first] ?? i]);
      const few = answers[models.length + first];
      const alone = few === undefined || "refused" in few ? [] : few.runs;
      return { weights: own.weights, runs: shared.runs, layers: runs.map((_, run) => alone[run]?.compute ?? null) };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Equal for variants of one model: what they are asked, hyperparameters, and the tensors' names and shapes. */
function shapeOf({ gguf, runs }: Model): string {
  const said = [...gguf.metadata].filter(([key]) => !/^(general|tokenizer|quantize|split)\./.test(key));
  const values = said.map(([key, entry]) => [
    key,
    entry.type === "array" ? entry.items.map(String) : String(entry.value),
  ]);
  const architecture = metadataString(gguf, "general.architecture");
  const tensors = gguf.tensors.map(({ name, shape }) => [name, shape]);
  return sha256(JSON.stringify([architecture ?? "", runs, values.sort(), tensors.sort(), tokenCount(gguf)]));
}

function accepted(file: string, answer: SimulatedMemory | RefusedFile | undefined): SimulatedMemory {
  if (answer !== undefined && !("refused" in answer)) return answer;
  const reason = answer?.refused ?? "it gives no answer";
  throw new QuantsmithError("QS-MEMORY-MODEL", `llama.cpp cannot set up ${path.basename(file)}: ${reason}`, {
    remedy: "Its memory cannot be told, and most likely no application can load it. Convert the model again.",
    at: { file },
  });
}
