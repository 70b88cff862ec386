/** A model file or a release's variant, before its memory is measured. */
export interface ModelFile {
  /** Name of the model, shared by its variants. */
  model: string;
  /** Name of the variant: the release's, or the Hub's label of the file name. */
  variant: string;
  /** File name; that of the first of several splits. */
  file: string;
  /** Path to measure: the file, or a sparse one with its header. */
  path: string;
  /** Path of the model's projector; null without one. */
  projector: string | null;
  /** Size of the whole model. */
  bytes: number;
  /** Bytes of it that the files lack, such as in a partial download; 0 for a whole model. */
  missingBytes: number;
  bitsPerWeight: number;
  parameters: number;
  /** Tensors by type. */
  types: Record<string, number>;
  /** Mean KL divergence from the base, from release.json; null if absent. */
  kldMean: number | null;
}
