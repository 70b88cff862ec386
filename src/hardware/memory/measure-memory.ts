import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { footprintOf } from "./footprint.js";
import { measuredPoints } from "./measured-points.js";
import type { MemoryConfiguration, MemoryEstimate, ModelMemory } from "./memory.js";
import { MemoryCache } from "./memory-cache.js";
import { overheadBytes } from "./overhead.js";
import { projectorBytes } from "./projector.js";
import { type SimulatedHeader, simulateHeaders } from "./simulate-headers.js";

export interface MeasureOptions {
  /** Configurations to simulate; default: those that `memoryAt` needs to interpolate all contexts. */
  configurations?: readonly MemoryConfiguration[];
  /** The model's mmproj file. */
  projector?: string;
  signal?: AbortSignal;
}

/**
 * Measures the memory of GGUF files with llama.cpp's allocator. It uses only the headers, so sparse files have the same
 * result. Results are cached by header; all other files share one child process. Throws QS-GGUF-MISSING, QS-GGUF-INVALID,
 * QS-GGUF-TRUNCATED, QS-MEMORY-MODEL, QS-MEMORY-RUNTIME.
 */
export async function measureMemories(files: readonly string[], options: MeasureOptions = {}): Promise<ModelMemory[]> {
  const projector = options.projector === undefined ? 0 : projectorBytes(await readGguf(options.projector));
  const cache = await MemoryCache.open();
  const models = await Promise.all(
    files.map(async (path) => {
      const gguf = await readGguf(path);
      const runs = options.configurations ?? measuredPoints(gguf);
      const key = await cache.key(gguf, runs);
      return { gguf, runs, key, known: await cache.read(key, runs.length) };
    }),
  );
  const unknown = models.filter(({ known }) => known === undefined);
  const simulated = await simulateHeaders(unknown, options.signal);
  for (const [i, model] of unknown.entries()) {
    model.known = simulated[i];
    if (model.known !== undefined) await cache.write(model.key, model.known);
  }
  return models.map(({ gguf, runs, known }) => ({
    footprint: footprintOf(gguf),
    estimates: known === undefined ? [] : estimatesOf(gguf, runs, known, projector),
  }));
}

/** Measures one file, see `measureMemories`. */
export async function measureMemory(file: string, options: MeasureOptions = {}): Promise<ModelMemory> {
  const [model] = await measureMemories([file], options);
  if (model === undefined) throw new Error(`nothing was measured for ${file}`);
  return model;
}

function estimatesOf(
  gguf: Gguf,
  runs: readonly MemoryConfiguration[],
  { weights, runs: bytes, layers }: SimulatedHeader,
  projector: number,
): MemoryEstimate[] {
  return runs.flatMap((run, i) => {
    const found = bytes[i];
    if (found === null || found === undefined) return [];
    return {
      ...run,
      weightsBytes: weights,
      kvBytes: found.kv,
      computeBytes: found.compute,
      untouchedBytes: Math.max(0, found.compute - (layers[i] ?? found.compute)),
      overheadBytes: overheadBytes(gguf, run),
      projectorBytes: projector,
    };
  });
}
