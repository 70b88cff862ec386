/** Kinds of variants whose types take about the same time to quantize and to run. */
export type VariantKind = "legacy" | "k" | "iq4" | "grid" | "dynamic";

/** Rates of a release's steps, measured on a model small enough for this machine. */
export interface Rates {
  /** Bytes of the 16-bit checkpoint per second. */
  convertBytes: number;
  /** Floating-point operations per second and core: two for each weight and token. */
  imatrixFlops: number;
  logitsFlops: number;
  /** The same while a variant is compared with the base's logits. */
  divergenceFlops: Record<VariantKind, number>;
  /** The same for whole probes. */
  probeFlops: number;
  /** Weights per second and core. */
  quantizeWeights: Record<VariantKind, number>;
  /** Weights per second and core of the error tables: the shared one, and the one of each dynamic variant. */
  sharedErrorWeights: number;
  ownErrorWeights: number;
}
