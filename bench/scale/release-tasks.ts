import { baseLogitsBytes } from "../../src/llamacpp/base-logits.js";
import { segmentCount } from "../../src/plan/evaluation-parts.js";
import { dealChunks } from "../../src/stages/validate/sequential-verdict.js";
import type { Rates, VariantKind } from "./rates.js";
import type { Task } from "./schedule.js";

/** The machines that build a release. */
export interface Place {
  name: string;
  machines: number;
  /** Per machine. */
  cores: number;
  /** Parallel efficiency of the cores. */
  scaling: number;
  /** Bytes per second at which one machine reads and writes the store. */
  storeBytes: number;
  /** Bytes per second to and from the Hub. */
  hubBytes: number;
  usdPerMachineHour: number;
  /** Graphics cards that evaluate models; without them, the cores do. */
  gpu?: Gpu;
}

export interface Gpu {
  /** Operations per second of prompts. Cards have the layers in turn, so several are as fast as one. */
  flops: number;
  /** Memory of all cards for weights. */
  memoryBytes: number;
  /** Bytes per second from host to card. */
  transferBytes: number;
}

/** Tokens per evaluated piece (`--ubatch-size`): weights in host memory are copied to the card for each. */
const batchTokens = 512;

/** The model and the recipe. */
export interface Release {
  weights: number;
  vocabulary: number;
  /** Chunks of each text, and tokens per chunk. */
  chunks: { calibration: number; search: number; evaluation: number };
  context: number;
  probes: number;
  variants: readonly { name: string; kind: VariantKind; bitsPerWeight: number }[];
}

export interface ReleaseTask extends Task {
  /** Bytes that the task reads from and writes to the store, and moves from or to the Hub. */
  storeBytes: number;
  hubBytes: number;
}

/** Returns the steps of a release in the engine's order; the probes are divided into one task per machine. */
export function releaseTasks(release: Release, rates: Rates, place: Place): ReleaseTask[] {
  const { weights, vocabulary, chunks, context } = release;
  const base = 2 * weights;
  const cores = place.cores * place.scaling;
  const flops = (count: number) => 2 * weights * count * context;
  const logits = (count: number) => baseLogitsBytes({ vocabulary, chunks: count, context });
  // Each part starts a new measuring process, which reads the weights again.
  const passes = segmentCount(logits(chunks.evaluation), chunks.evaluation);
  const block = dealChunks(Math.ceil(chunks.evaluation / passes), context)[0]?.length ?? 0;
  const task = (id: string, after: string[], computing: number, storeBytes: number, hubBytes = 0): ReleaseTask => ({
    ...{ id, after, storeBytes, hubBytes },
    // Weights are mapped and read once before the computation. Assumes no overlap.
    seconds: computing + storeBytes / place.storeBytes + hubBytes / place.hubBytes,
  });
  /** Seconds for a text of `count` chunks with weights of so many bytes. */
  const evaluation = (count: number, rate: number, bytes: number) => {
    if (place.gpu === undefined) return flops(count) / (rate * cores);
    const copied = Math.max(0, bytes - place.gpu.memoryBytes) / place.gpu.transferBytes;
    return flops(count) / place.gpu.flops + ((count * context) / batchTokens) * copied;
  };
  const runs = (id: string, after: string[], count: number, rate: number, extra: number, reads = 1) =>
    task(id, after, evaluation(count, rate, base), base * reads + extra);
  const { logitsFlops, imatrixFlops } = rates;
  const parts = Array.from({ length: place.machines }, (_, index) => `allocate:probes ${index + 1}`);
  const shared = [
    task("fetch", [], 0, base, base),
    task("convert", ["fetch"], base / rates.convertBytes, 0),
    runs("calibrate", ["convert"], chunks.calibration, imatrixFlops, 0),
    runs("validate:base", ["convert"], chunks.evaluation, logitsFlops, logits(chunks.evaluation), passes),
    runs("validate:base:noise", ["validate:base"], block, logitsFlops, logits(block)),
    runs("allocate:base", ["convert"], chunks.search, logitsFlops, logits(chunks.search)),
    task("allocate:errors", ["calibrate"], weights / (rates.sharedErrorWeights * cores), base),
    ...parts.map((id) =>
      task(
        id,
        ["allocate:errors", "allocate:base"],
        evaluation(release.probes * chunks.search, rates.probeFlops, base) / parts.length,
        // Each machine copies the base.
        2 * base,
      ),
    ),
  ];
  const variants = release.variants.flatMap(({ name, kind, bitsPerWeight }) => {
    const bytes = (weights * bitsPerWeight) / 8;
    const dynamic = kind === "dynamic";
    const choose = task(`allocate:${name}`, parts, weights / (rates.ownErrorWeights * cores), base);
    const make = weights / (rates.quantizeWeights[kind] * cores);
    const measure = evaluation(chunks.evaluation, rates.divergenceFlops[kind], bytes);
    return [
      ...(dynamic ? [choose] : []),
      task(`quantize:${name}`, [dynamic ? choose.id : "calibrate"], make, base + bytes),
      task(
        `validate:${name}`,
        [`quantize:${name}`, "validate:base"],
        measure,
        bytes * passes + logits(chunks.evaluation),
      ),
    ];
  });
  const files = release.variants.reduce((sum, { bitsPerWeight }) => sum + (weights * bitsPerWeight) / 8, 0);
  const measured = release.variants.map(({ name }) => `validate:${name}`);
  return [...shared, ...variants, task("publish", measured, 0, files, files)];
}
