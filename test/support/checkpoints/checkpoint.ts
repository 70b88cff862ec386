import type { RandomTensor } from "../../../bench/convert/random-checkpoint.js";
import { type DecoderConfig, type DecoderTraits, decoderTensors } from "./decoder-tensors.js";
import type { TokenizerName } from "./write-tokenizer.js";

/** A small model as it would come from the Hub, its weights made up. */
export interface Checkpoint {
  /** Names the recorded truth, `test/fixtures/convert/<name>.json`. */
  name: string;
  /** The model's name as a recipe would have it. */
  modelName: string;
  /** Where it would come from on the Hub; null for a folder. */
  baseModel: string | null;
  outtype: "bf16" | "f16" | "f32" | "auto";
  config: Readonly<Record<string, unknown>>;
  tensors: readonly RandomTensor[];
  /** Number of weight files. */
  files: number;
  tokenizer: TokenizerName;
  tokenizerConfig: object;
  /** Further files: text as it is, anything else as JSON. */
  extra: Readonly<Record<string, string | object>>;
}

type Usual = "baseModel" | "files" | "tokenizerConfig" | "extra" | "outtype";

/** What a family's file says of a checkpoint; the rest is the usual. */
export type CheckpointPlan = Omit<Checkpoint, "config" | "tensors" | Usual> &
  Partial<Pick<Checkpoint, Usual>> & { config: DecoderConfig; traits?: DecoderTraits };

export function checkpoint({ traits, ...plan }: CheckpointPlan): Checkpoint {
  return {
    baseModel: null,
    outtype: "bf16",
    files: 1,
    tokenizerConfig: {},
    extra: {},
    ...plan,
    tensors: decoderTensors(plan.config, traits),
  };
}
