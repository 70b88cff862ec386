/** Kinds of variants whose types take about the same time to make and to run. */
export type VariantKind = "legacy" | "k" | "iq4" | "grid" | "dynamic";

/** What a release's steps do in a second, measured on a model small enough for this machine. */
export interface Rates {
  /** Bytes of the 16-bit checkpoint per second. */
  convertBytes: number;
  /** Floating-point operations per second and core: two for each weight and token. */
  imatrixFlops: number;
  logitsFlops: number;
  /** The same while a variant is held against the base's logits. */
  divergenceFlops: Record<VariantKind, number>;
  /** The same for probes, all that they do included. */
  probeFlops: number;
  /** Weights per second and core. */
  quantizeWeights: Record<VariantKind, number>;
  /** Weights per second and core of the error tables: the one that all dynamic variants share, and each one's own. */
  sharedErrorWeights: number;
  ownErrorWeights: number;
}
