import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { footprintOf } from "../../hardware/footprint.js";
import { batchTokens, measuredPoints } from "../../hardware/measured-points.js";
import type { MemoryConfiguration, MemoryEstimate, ModelMemory } from "../../hardware/memory.js";
import { overheadBytes } from "../../hardware/overhead.js";
import { projectorBytes } from "../../hardware/projector.js";
import { type SimulatedMemory, simulateMemory } from "../../llamacpp/memory/simulate-memory.js";
import { MemoryCache } from "./memory-cache.js";

export interface MeasureOptions {
  /** What to simulate; by default what `memoryAt` needs to tell all contexts. */
  configurations?: readonly MemoryConfiguration[];
  /** The model's mmproj file. */
  projector?: string;
  signal?: AbortSignal;
}

/**
 * What GGUF files take in memory, by llama.cpp's own allocator from their headers alone: a file that holds only its
 * header and a hole of the right size gives the same. Known headers come from the user's cache; all others share one
 * child process. Throws QS-GGUF-MISSING, QS-GGUF-INVALID, QS-GGUF-TRUNCATED, QS-MEMORY-MODEL, QS-MEMORY-RUNTIME.
 */
export async function measureMemories(files: readonly string[], options: MeasureOptions = {}): Promise<ModelMemory[]> {
  const projector = options.projector === undefined ? 0 : projectorBytes(await readGguf(options.projector));
  const cache = await MemoryCache.open();
  const models = await Promise.all(
    files.map(async (path) => {
      const gguf = await readGguf(path);
      const runs = options.configurations ?? measuredPoints(gguf);
      const key = await cache.key(gguf, runs);
      return { path, gguf, runs, key, known: await cache.read(key) };
    }),
  );
  const unknown = models.filter(({ known }) => known === undefined);
  const simulated = unknown.length === 0 ? [] : await simulateMemory(unknown, batchTokens, options.signal);
  for (const [i, model] of unknown.entries()) {
    model.known = simulated[i];
    if (model.known !== undefined) await cache.write(model.key, model.known);
  }
  return models.map(({ gguf, runs, known }) => ({
    footprint: footprintOf(gguf),
    estimates: known === undefined ? [] : estimatesOf(gguf, runs, known, projector),
  }));
}

/** The same for one file. */
export async function measureMemory(file: string, options: MeasureOptions = {}): Promise<ModelMemory> {
  const [model] = await measureMemories([file], options);
  if (model === undefined) throw new Error(`nothing was measured for ${file}`);
  return model;
}

function estimatesOf(
  gguf: Gguf,
  runs: readonly MemoryConfiguration[],
  { weights, runs: bytes }: SimulatedMemory,
  projector: number,
): MemoryEstimate[] {
  const overhead = overheadBytes(gguf);
  return runs.flatMap((run, i) => {
    const found = bytes[i];
    if (found === null || found === undefined) return [];
    return {
      ...run,
      weightsBytes: weights,
      kvBytes: found.kv,
      computeBytes: found.compute,
      overheadBytes: overhead,
      projectorBytes: projector,
    };
  });
}
