import type { KvType, MemoryConfiguration, MemoryEstimate, ModelMemory } from "./memory.js";

/** What of a configuration stays when only the context changes. */
export type MemorySetting = Omit<MemoryConfiguration, "context">;

/** llama.cpp rounds every context up to a multiple of this. */
export const contextStep = 256;

/**
 * The largest context, a multiple of 256 tokens or `cap` itself, for which something holds that holds for all smaller
 * ones too, as memory only grows with the context; null when it holds for none.
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

/** All that the process takes when its weights are loaded, or their mapping is wholly in use. */
export function peakBytes(estimate: MemoryEstimate): number {
  const { weightsBytes, kvBytes, computeBytes, overheadBytes, projectorBytes } = estimate;
  return weightsBytes + kvBytes + computeBytes + overheadBytes + projectorBytes;
}

/** The same without what the process never touches: what a processor's memory really holds. */
export function residentBytes(estimate: MemoryEstimate): number {
  return peakBytes(estimate) - (estimate.untouchedBytes ?? 0);
}

/**
 * The memory of any context, between the simulated ones. A cache grows by the same bytes every 256 tokens and the
 * points hold where a sliding window is full; compute buffers are about the largest of several straight lines, so a line
 * between two points is rarely below the truth. Without flash attention, gaps in the compute buffer may hide 1 % of the
 * whole; who needs the last byte there simulates that context. Beyond the last point, the last line goes on.
 * Throws a RangeError when the setting was not simulated: llama.cpp cannot run the model with it.
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
  // Rounded the other way: it is taken off.
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

/**
 * The largest context, a multiple of 256 or the trained one, which is never exceeded, at which `bytesOf` stays within the budget; null
 * when not even the smallest does, or llama.cpp cannot run the model with this setting.
 */
export function maximumContext(
  model: ModelMemory,
  setting: MemorySetting,
  budgetBytes: number,
  bytesOf: (estimate: MemoryEstimate) => number = peakBytes,
): number | null {
  const last = pointsOf(model, setting).at(-1);
  if (last === undefined) return null;
  const cap = model.footprint.trainedContext ?? last.context;
  return largestContextWhere(cap, (context) => bytesOf(memoryAt(model, { ...setting, context })) <= budgetBytes);
}

/** True when llama.cpp can run the model this way; some cannot have a quantized cache. */
export function canRun(model: ModelMemory, setting: MemorySetting): boolean {
  return pointsOf(model, setting).length > 0;
}

function pointsOf(model: ModelMemory, { kvType, flashAttention }: MemorySetting): readonly MemoryEstimate[] {
  return model.estimates.filter((point) => point.kvType === kvType && point.flashAttention === flashAttention);
}

function describe({ kvType, flashAttention }: { kvType: KvType; flashAttention: boolean }): string {
  return `a ${kvType} cache ${flashAttention ? "and" : "without"} flash attention`;
}
