import type { KvType, MemoryConfiguration, MemoryEstimate, ModelMemory } from "./memory.js";

/** A configuration without the context. */
export type MemorySetting = Omit<MemoryConfiguration, "context">;

/** llama.cpp rounds contexts up to a multiple of this number of tokens. */
export const contextStep = 256;

/**
 * Returns the largest context, a multiple of 256 tokens or `cap`, that satisfies a monotonic predicate: if it is true for
 * a context, it is true for all smaller ones. Null if no context satisfies it.
 */
export function largestContextWhere(cap: number, predicate: (context: number) => boolean): number | null {
  const contextOf = (steps: number) => Math.min(steps * contextStep, cap);
  let low = 0;
  let high = Math.ceil(cap / contextStep);
  if (high > 0 && predicate(contextOf(high))) return contextOf(high);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (predicate(contextOf(middle))) low = middle;
    else high = middle;
  }
  return low === 0 ? null : contextOf(low);
}

/** Returns the bytes of the process when all weights are loaded or all mapped pages are in use. */
export function peakBytes(estimate: MemoryEstimate): number {
  const { weightsBytes, kvBytes, computeBytes, overheadBytes, projectorBytes } = estimate;
  return weightsBytes + kvBytes + computeBytes + overheadBytes + projectorBytes;
}

/** Returns `peakBytes` without the pages that the process never touches, which is its use of system memory. */
export function residentBytes(estimate: MemoryEstimate): number {
  return peakBytes(estimate) - (estimate.untouchedBytes ?? 0);
}

/**
 * Interpolates the memory of any context linearly between the simulated ones. A cache grows linearly, and the context at
 * which a sliding window is full is simulated. Compute buffers are about the maximum of several lines, so the
 * interpolation is rarely too low. Without flash attention, it can be up to 1 % of the total too low; simulate the context
 * for an exact value. Beyond the last point, it extrapolates the last line.
 * Throws a RangeError if the setting was not simulated: llama.cpp cannot run the model with it.
 */
export function memoryAt(model: ModelMemory, configuration: MemoryConfiguration): MemoryEstimate {
  const points = pointsOf(model, configuration);
  const context = Math.ceil(configuration.context / contextStep) * contextStep;
  const [first] = points;
  if (first === undefined) throw new RangeError(`no simulation with ${describe(configuration)}`);
  const after = points.findIndex((point) => point.context >= context);
  if (after === 0) return { ...first, context: configuration.context };
  const right = points[after === -1 ? points.length - 1 : after] ?? first;
  const left = points[(after === -1 ? points.length - 1 : after) - 1] ?? first;
  const share = right.context === left.context ? 0 : (context - left.context) / (right.context - left.context);
  const between = (a: number, b: number) => Math.ceil(a + (b - a) * share);
  // Rounded down, because it is subtracted.
  const untouched = Math.floor(
    (left.untouchedBytes ?? 0) + ((right.untouchedBytes ?? 0) - (left.untouchedBytes ?? 0)) * share,
  );
  return {
    ...right,
    context: configuration.context,
    kvBytes: between(left.kvBytes, right.kvBytes),
    computeBytes: between(left.computeBytes, right.computeBytes),
    untouchedBytes: untouched,
    overheadBytes: between(left.overheadBytes, right.overheadBytes),
  };
}

/** Returns true if llama.cpp can run the model with this setting; some models do not support a quantized cache. */
export function canRun(model: ModelMemory, setting: MemorySetting): boolean {
  return pointsOf(model, setting).length > 0;
}

function pointsOf(model: ModelMemory, { kvType, flashAttention }: MemorySetting): readonly MemoryEstimate[] {
  return model.estimates.filter((point) => point.kvType === kvType && point.flashAttention === flashAttention);
}

function describe({ kvType, flashAttention }: { kvType: KvType; flashAttention: boolean }): string {
  return `a ${kvType} cache ${flashAttention ? "and" : "without"} flash attention`;
}
