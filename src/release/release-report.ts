/**
 * The result of a run: the output of `run --json` and the content of `release.json`.
 * Sizes in bytes, KLD in nats, `sameTop` in percent, `seconds` wall time.
 */
export interface RunReport {
  recipe: string;
  model: {
    name: string;
    source: string;
    /** Commit on the Hub; null for a local folder. */
    commit: string | null;
    architecture: string | null;
    parameters: number | null;
  };
  /** The release folder; null while there is none. */
  release: string | null;
  steps: { id: string; stage: string; status: "built" | "cached" | "skipped" | "failed"; seconds: number }[];
  variants: VariantReport[];
  /** The vision or audio part in a file of its own, which belongs to every variant; absent without one. */
  projector?: ProjectorFile;
  base: { bytes: number; perplexity: number | null; noise?: NoiseFloor } | null;
  toolchain: Record<string, string>;
}

/** An mmproj file. */
export interface ProjectorFile {
  file: string;
  bytes: number;
  sha256: string;
}

/** One file of a variant that is too large for one. */
export interface VariantSplit {
  file: string;
  bytes: number;
  sha256: string;
}

export interface VariantReport {
  name: string;
  /** The first part of a variant in parts, by which llama.cpp loads it. */
  file: string;
  /** Of the variant as one file. */
  bytes: number;
  bitsPerWeight: number;
  /** Of `file`. */
  sha256: string;
  /** All files in their order; absent when it is one. */
  parts?: readonly VariantSplit[];
  types: Record<string, number>;
  /** How the types were chosen; absent for presets. */
  allocation?: VariantAllocation;
  /** Null when the pipeline does not measure. */
  quality: VariantQuality | null;
  /** Null when the recipe or the pipeline leaves the smoke test out. */
  smoke: VariantSmoke | null;
  gate: "passed" | "failed";
  /** Why the gate failed, one sentence each; empty when it passed. */
  reasons: string[];
}

export interface VariantSmoke {
  /** Prompts. */
  passed: number;
  failed: number;
  /** On the machine of the run; absent when the model did not answer. */
  speed?: SmokeSpeed;
}

/** How fast a model was on the machine of the run. A type, not an interface: it is also a record of measurements. */
export type SmokeSpeed = {
  loadSeconds: number;
  /** Over all prompts; the first token's time counts to the prompt. */
  promptTokensPerSecond: number;
  /** Over all answers; absent where nothing was generated, as by embedding models. */
  tokensPerSecond?: number;
  /** Peak resident memory of the process, mapped file included; absent where the system does not tell. */
  peakMemoryBytes?: number;
  threads: number;
  /** Tokens of context. */
  context: number;
};

export interface VariantAllocation {
  budgetBytes: number;
  /** What the probes foretold for the search text, to be held against `quality.kldMean`; null without probes. */
  predictedKld: number | null;
  /** Upper bound, relative, of what a better choice could gain under the same prediction. */
  boundGap: number;
  /** What the choice rests on; null is a prior by tensor role. */
  probes: { effort: "groups" | "tensors"; count: number; corpus: string; chunks: number; context: number } | null;
}

/** Errors are one standard error; KLD in nats, `rmsDeltaP` and `sameTop` in percent. */
export interface VariantQuality {
  perplexity: number;
  perplexityError: number;
  basePerplexity: number;
  perplexityRatio: number;
  perplexityRatioError: number;
  kldMean: number;
  kldMeanError: number;
  kldMedian: number;
  kld90: number;
  kld95: number;
  kld99: number;
  kld999: number;
  kldMax: number;
  rmsDeltaP: number;
  rmsDeltaPError: number;
  sameTop: number;
  sameTopError: number;
  /** Chunks measured; fewer than there were when the gates were clear before the last. */
  chunks: number;
  chunksAvailable: number;
  /** Tokens per chunk. */
  context: number;
  corpus: string;
  corpusSha256: string;
}

/** The base against its own stored logits: what a divergence of this size says nothing about. */
export interface NoiseFloor {
  kldMean: number;
  kldMeanError: number;
  kld999: number;
  kldMax: number;
  sameTop: number;
  chunks: number;
}
