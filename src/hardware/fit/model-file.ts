/** A model file that somebody asks about, or a release's variant: what is known before its memory is. */
export interface ModelFile {
  /** Name of the model, shared by its variants. */
  model: string;
  /** Name of the variant: the release's, or the Hub's label of the file name. */
  variant: string;
  /** The file's own name; of several shards, the first one's. */
  file: string;
  /** What can be measured: the file itself, or a hollow one with its header. */
  path: string;
  /** The file of the model's projector; null without one. */
  projector: string | null;
  bytes: number;
  bitsPerWeight: number;
  parameters: number;
  /** Tensors by type. */
  types: Record<string, number>;
  /** Mean KL divergence from the base, as release.json says; null when it does not. */
  kldMean: number | null;
}
