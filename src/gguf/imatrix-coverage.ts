import type { Imatrix } from "./read-imatrix.js";

export interface ImatrixCoverage {
  chunks: number;
  /** Tokens of the calibration text. */
  tokens: number;
  tensors: number;
  /** Requested tensors without an entry; types that require an imatrix cannot be used for them. */
  missing: string[];
  /** Tensors with an entry that counts no token, which is equivalent to no entry. */
  empty: string[];
  /** Tensors with insufficiently covered experts; worst tensor first. */
  thin: ThinTensor[];
}

export interface ThinTensor {
  name: string;
  experts: number;
  /** Experts without a token; llama-quantize uses the weight 1 for all their columns. */
  unseen: number[];
  /** Experts with at least one token but fewer than the minimum. */
  underCovered: number[];
  /** Tokens of the expert with the fewest. */
  leastTokens: number;
}

/**
 * Measures how well an imatrix covers `tensors`, the names of the matrices to quantize. An expert is under-covered below
 * `minimumTokens`, by default 1 % of the calibration text: uniform routing to 8 of 128 experts gives each 6 %.
 */
export function imatrixCoverage(
  imatrix: Imatrix,
  tensors: readonly string[],
  minimumTokens = 0.01 * imatrix.chunks * imatrix.chunkTokens,
): ImatrixCoverage {
  const missing: string[] = [];
  const empty: string[] = [];
  const thin: ThinTensor[] = [];
  for (const name of tensors) {
    const counts = imatrix.entries.get(name)?.tokens;
    if (counts === undefined) missing.push(name);
    else if (counts.every((count) => count === 0)) empty.push(name);
    else {
      const unseen = indices(counts, (count) => count === 0);
      const underCovered = indices(counts, (count) => count > 0 && count < minimumTokens);
      if (unseen.length + underCovered.length === 0) continue;
      thin.push({ name, experts: counts.length, unseen, underCovered, leastTokens: Math.min(...counts) });
    }
  }
  const lacking = ({ unseen, underCovered }: ThinTensor) => unseen.length + underCovered.length;
  thin.sort((a, b) => b.unseen.length - a.unseen.length || lacking(b) - lacking(a));
  const { chunks, chunkTokens } = imatrix;
  return { chunks, tokens: chunks * chunkTokens, tensors: tensors.length, missing, empty, thin };
}

function indices(counts: Float32Array, test: (count: number) => boolean): number[] {
  return [...counts.keys()].filter((i) => test(counts[i] ?? 0));
}
