import path from "node:path";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { tokenCount, withPlaceholderTokens } from "../../gguf/placeholder-tokens.js";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import { type RejectedFile, type SimulatedMemory, simulateMemory } from "../../llamacpp/memory/simulate-memory.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { sha256 } from "../../util/sha256.js";
import { withTemporaryFolder } from "../../util/temporary-folder.js";
import { batchTokens } from "./measured-points.js";
import type { MemoryConfiguration } from "./memory.js";

/** Simulations of one file, in bytes. */
export interface SimulatedHeader extends SimulatedMemory {
  /** Compute buffers of the layers without logits, in the order of `runs`; null if unknown. */
  layers: readonly (number | null)[];
}

interface Model {
  gguf: Gguf;
  runs: readonly MemoryConfiguration[];
}

/** Vocabulary size of the second header; llama.cpp requires at least a few tokens. */
const fewTokens = 32;

/**
 * Simulates files by their headers. The first variant of a model is simulated a second time with a tiny vocabulary: the
 * difference of the compute buffers is the memory for logits. Other variants share the first one's caches and compute
 * buffers, because llama.cpp computes in F32 for weights of any type; a test verifies this.
 * Throws QS-MEMORY-MODEL if llama.cpp rejects a file, QS-MEMORY-RUNTIME if it does not start.
 */
export async function simulateHeaders(models: readonly Model[], signal?: AbortSignal): Promise<SimulatedHeader[]> {
  if (models.length === 0) return [];
  const shapes = models.map(shapeOf);
  const firsts = [...new Set(shapes)].map((shape) => shapes.indexOf(shape));
  return withTemporaryFolder(async (folder) => {
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
      const alone = few === undefined || "rejected" in few ? [] : few.runs;
      return { weights: own.weights, runs: shared.runs, layers: runs.map((_, run) => alone[run]?.compute ?? null) };
    });
  });
}

/** Digest that variants of a model share: configurations, hyperparameters, and the tensors' names and shapes. */
function shapeOf({ gguf, runs }: Model): string {
  const entries = [...gguf.metadata].filter(([key]) => !/^(general|tokenizer|quantize|split)\./.test(key));
  const values = entries.map(([key, entry]) => [
    key,
    entry.type === "array" ? entry.items.map(String) : String(entry.value),
  ]);
  const architecture = metadataString(gguf, "general.architecture");
  const tensors = gguf.tensors.map(({ name, shape }) => [name, shape]);
  return sha256(JSON.stringify([architecture ?? "", runs, values.sort(), tensors.sort(), tokenCount(gguf)]));
}

function accepted(file: string, answer: SimulatedMemory | RejectedFile | undefined): SimulatedMemory {
  if (answer !== undefined && !("rejected" in answer)) return answer;
  const reason = answer?.rejected ?? "no result";
  throw new QuantsmithError("QS-MEMORY-MODEL", `llama.cpp cannot set up ${quote(path.basename(file))}: ${reason}`, {
    remedy: "Convert the model again; most likely no application can load this file.",
    at: { file },
  });
}
