import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { Gguf } from "../../gguf/gguf.js";
import { withoutVocabulary } from "../../gguf/without-vocabulary.js";
import { batchTokens } from "../../hardware/measured-points.js";
import type { MemoryConfiguration } from "../../hardware/memory.js";
import { type SimulatedMemory, simulateMemory } from "../../llamacpp/memory/simulate-memory.js";
import { QuantsmithError } from "../../util/errors.js";

/** What the simulations of one file say, in bytes. */
export interface SimulatedHeader extends SimulatedMemory {
  /** Compute buffers that the layers alone need, in the order of `runs`; null where that is not known. */
  layers: readonly (number | null)[];
}

/**
 * Simulates each file, and its twin without a vocabulary: what the twin's compute buffer lacks is kept for logits.
 * Throws QS-MEMORY-MODEL when llama.cpp cannot take a file, QS-MEMORY-RUNTIME when it does not start.
 */
export async function simulateHeaders(
  models: readonly { gguf: Gguf; runs: readonly MemoryConfiguration[] }[],
  signal?: AbortSignal,
): Promise<SimulatedHeader[]> {
  if (models.length === 0) return [];
  const folder = await mkdtemp(path.join(tmpdir(), "quantsmith-memory-"));
  try {
    const files = models.map(({ gguf, runs }) => ({ path: path.resolve(gguf.path), runs }));
    const twins = await Promise.all(
      models.map(async ({ gguf, runs }, i) => ({ path: await writeTwin(gguf, path.join(folder, `${i}.gguf`)), runs })),
    );
    // The files themselves come first: they need no twin to be told.
    const answers = await simulateMemory([...files, ...twins], batchTokens, signal);
    return models.map(({ gguf, runs }, i) => {
      const [whole, twin] = [answers[i], answers[i + models.length]];
      if (whole === undefined || "refused" in whole) throw refused(gguf.path, whole?.refused ?? "it gives no answer");
      const alone = twin === undefined || "refused" in twin ? [] : twin.runs;
      return { ...whole, layers: runs.map((_, run) => alone[run]?.compute ?? null) };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A header with a hole of the right size behind it. */
async function writeTwin(gguf: Gguf, target: string): Promise<string> {
  const header = encodeHeader(withoutVocabulary(gguf));
  const file = await open(target, "wx");
  try {
    await file.writeFile(header.bytes);
    await file.truncate(header.fileBytes);
  } finally {
    await file.close();
  }
  return target;
}

function refused(file: string, reason: string): QuantsmithError {
  return new QuantsmithError("QS-MEMORY-MODEL", `llama.cpp cannot set up ${path.basename(file)}: ${reason}`, {
    remedy: "Its memory cannot be told, and most likely no application can load it. Convert the model again.",
    at: { file },
  });
}
