import type { Warning } from "../util/warnings.js";

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
    /** The files of a GGUF source, the splits in order; absent for a checkpoint. */
    files?: readonly { file: string; bytes: number; sha256: string }[];
    architecture: string | null;
    parameters: number | null;
  };
  /** The release folder; null without a release. */
  release: string | null;
  steps: { id: string; stage: string; status: "built" | "cached" | "skipped" | "failed"; seconds: number }[];
  variants: VariantReport[];
  /** In `release.json`: variants that were built but not released, as in `report.html`; absent without any. */
  unreleased?: VariantReport[];
  /** The vision or audio projector in one or more types, each a file for all variants, the most exact first. */
  projectors?: readonly ProjectorFile[];
  /** The layers for multi-token prediction, a draft for all variants; absent unless the recipe separates them. */
  mtp?: SideFile;
  base: {
    bytes: number;
    perplexity: number | null;
    /** Tensors by quantized type, such as experts in MXFP4; absent without any. */
    quantized?: Readonly<Record<string, number>>;
    noise?: NoiseFloor;
    /** The copy of the base with which imatrix, logits and probes were computed; absent if that was the base itself. */
    evaluated?: EvaluatedCopy;
  } | null;
  /** The text of the importance matrix; absent without one, and in releases of earlier versions. */
  calibration?: { corpus: string; chunks: number; context: number };
  /** The tools of tensors and figures. */
  toolchain: Record<string, string>;
  /** The release with the same tensors that the figures are from; absent for a release with its own. */
  tensorsFrom?: TensorsFrom;
  /** Absent if everything was computed on the CPU. */
  compute?: ReleaseCompute;
  /** Each once; a release has no warnings of variants that it lacks. Absent in releases of earlier versions. */
  warnings?: readonly Warning[];
}

/** A release whose tensors were published again under new headers. */
export interface TensorsFrom {
  /** `hf:org/name@commit`, or `local folder`. */
  release: string;
  /** sha256 of its SHA256SUMS. */
  checksums: string;
  /** The tools that wrote the new headers. */
  toolchain: Record<string, string>;
}

/** The devices on which imatrix, logits, measurements, smoke tests and error-feedback rounding were computed. */
export interface ReleaseCompute {
  /** `cuda`, `vulkan` or `metal`. */
  backend: string;
  /** Descriptions by the driver, such as `2 × NVIDIA GeForce RTX 3090`. */
  device: string;
  /** Version of the driver; null if unknown. */
  driver: string | null;
  /** The fewest layers that a step had on the devices, the output layer included; null if no tool stated them. */
  gpuLayers: number | null;
}

/** An mmproj file. */
export interface ProjectorFile extends SideFile {
  /** `F16`, `Q8_0`. */
  type: string;
  /** Whether it accepts pictures and audio. */
  pictures: boolean;
  audio: boolean;
  /** Most tokens of the context that a picture takes; null if unknown or without pictures. */
  pictureTokens: number | null;
  /** Whether the smoke test showed pictures through it. Audio is not tested. */
  shown: boolean;
}

/** A file that all variants share. */
export interface SideFile {
  file: string;
  bytes: number;
  sha256: string;
}

/** One split of a variant that is published in several GGUF files. */
export interface VariantSplit {
  file: string;
  bytes: number;
  sha256: string;
}

export interface VariantReport {
  name: string;
  /** The file that llama.cpp loads: for a split variant, the first split. */
  file: string;
  /** Size of the variant as a single file. */
  bytes: number;
  bitsPerWeight: number;
  /** Digest of `file`. */
  sha256: string;
  /** All splits in order; absent for a single file. */
  parts?: readonly VariantSplit[];
  types: Record<string, number>;
  /** How the tensor types were chosen; absent for presets. */
  allocation?: VariantAllocation;
  /** Error-feedback rounding; absent for rounding to nearest. */
  rounding?: VariantRounding;
  /** Null if the pipeline has no `validate` stage. */
  quality: VariantQuality | null;
  /** The preset of llama.cpp that it is compared with; absent for plain presets and if it was not measured. */
  comparator?: Comparator;
  /** Null if the recipe or the pipeline has no smoke test. */
  smoke: VariantSmoke | null;
  /** Right answers to the questions of the recipe's `tasks`; absent without any. */
  tasks?: readonly TaskScore[];
  gate: "passed" | "failed";
  /** Reasons for a failed gate, one sentence each; empty if it passed. */
  reasons: string[];
}

/** Right answers of a variant and of the base to the same questions. Percentages; errors are standard errors. */
export interface TaskScore {
  name: string;
  /** `hellaswag`, `winogrande` or `multiple-choice`: the scoring of llama-perplexity. */
  kind: string;
  file: string;
  sha256: string;
  questions: number;
  accuracy: number;
  accuracyError: number;
  baseAccuracy: number;
  baseAccuracyError: number;
  /** Questions that only the base answered right, and those that only the variant did. */
  lost: number;
  gained: number;
  /** `accuracy` less `baseAccuracy`, with the error of a paired comparison. */
  change: number;
  changeError: number;
}

/** A preset as llama-quantize makes it from the same imatrix, measured on the same chunks as the variant; not released. */
export interface Comparator {
  preset: string;
  bytes: number;
  bitsPerWeight: number;
  quality: VariantQuality;
}

export interface VariantSmoke {
  /** Number of prompts. */
  passed: number;
  failed: number;
  /** Embedding models and rerankers: smallest cosine of a prompt's vector to the base's. */
  cosineToBase?: number;
  /** Embedding models and rerankers: rank correlation of the sentence pairs' similarities with the base's. */
  rankToBase?: number;
  /** Measured on the machine of the run; absent if the model did not answer. */
  speed?: SmokeSpeed;
  /** A failure of the model as a whole, such as a crash; absent without one. */
  problem?: string;
  /** Absent in releases of earlier versions. */
  answers?: readonly SmokeAnswer[];
}

/** The answer of a variant to a smoke prompt. */
export interface SmokeAnswer {
  prompt: string;
  /** Type of the projector through which the model saw a picture; absent without one. */
  projector?: string;
  answer: string;
  stopReason: string;
  /** Unmet expectations, one sentence each. */
  failures: readonly string[];
  /** Expectations that were not checked, with the reason. */
  skipped: readonly string[];
}

/** Speed on the machine of the run. A type alias, because an interface is not assignable to a record of measurements. */
export type SmokeSpeed = {
  loadSeconds: number;
  /** Over all prompts, including the time to the first generated token. */
  promptTokensPerSecond: number;
  /** Over all answers; absent if nothing was generated, as for embedding models. */
  tokensPerSecond?: number;
  /** Peak resident memory of the process, including the mapped file; absent if the system does not report it. */
  peakMemoryBytes?: number;
  threads: number;
  /** Tokens of context. */
  context: number;
};

export interface VariantRounding {
  method: "feedback";
  /** Number of tensors rounded with feedback. */
  tensors: number;
  /**
   * Their tr(E H Eᵀ) relative to rounding to nearest, E being the error of a weight and H the second moment of its input:
   * the mean over tensors, weighted by elements. Null without such tensors.
   */
  lossRatio: number | null;
  /** Quantized tensors rounded to nearest, with the reason. */
  nearest: { name: string; reason: "no-moments" | "singular" | "no-gain" }[];
}

export interface VariantAllocation {
  budgetBytes: number;
  /** KLD on the search text estimated from the probes, comparable with `quality.kldMean`; null without probes. */
  predictedKld: number | null;
  /** Optimality gap: upper bound of the relative improvement of the predicted KLD by another choice of types. */
  boundGap: number;
  /** Probes behind the choice; null if it used the prior by tensor role. */
  probes: { effort: "groups" | "tensors"; count: number; corpus: string; chunks: number; context: number } | null;
}

/** The metrics of a variant, with those of each category of the evaluation; absent without categories. */
export interface VariantQuality extends CategoryQuality {
  categories?: Readonly<Record<string, CategoryQuality>>;
}

/** Errors are standard errors; KLD in nats, `rmsDeltaP` and `sameTop` in percent. */
export interface CategoryQuality {
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
  /** Chunks measured; fewer than `chunksAvailable` if the gates were decided early. */
  chunks: number;
  chunksAvailable: number;
  /** Tokens per chunk. */
  context: number;
  corpus: string;
  corpusSha256: string;
  /** Present if conversations of the corpus were rendered with the model's chat template. */
  chatTemplate?: true;
  /** By position in the chunk, for a text with more context than the others; the last range is that of the other metrics. */
  kldByPosition?: readonly PositionKld[];
}

/** Mean KLD in nats, ± its standard error, of tokens with more than `from` and fewer than `to` tokens before them. */
export interface PositionKld {
  from: number;
  to: number;
  kldMean: number;
  kldMeanError: number;
}

/** A quantized copy of the base that stood for it, and how far it is from 16 bits; null if that was not measured. */
export interface EvaluatedCopy {
  type: "Q8_0";
  distance: (NoiseFloor & { corpus: string; context: number }) | null;
}

/** KLD of the base from its own stored logits: differences of this size are noise. KLD in nats, `sameTop` in percent. */
export interface NoiseFloor {
  kldMean: number;
  kldMeanError: number;
  kld999: number;
  kldMax: number;
  sameTop: number;
  chunks: number;
}
