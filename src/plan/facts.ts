import type { CheckpointOutline, KeptWeights } from "../checkpoint/outline/checkpoint-outline.js";
import type { SnapshotFile } from "../checkpoint/snapshot-report.js";
import type { SpeedConstants } from "../hardware/speed/speed-constants.js";
import type { HubFile } from "../hub/hub-file.js";
import type { Gating } from "../hub/upload/repository.js";
import type { ComputeChoice } from "../llamacpp/compute/resolve-compute.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { Architectures } from "../llamacpp/toolchain/architectures.js";
import type { Pretokenizers } from "../llamacpp/toolchain/pretokenizers.js";
import type { QuantizationMethods } from "../llamacpp/toolchain/quantization-methods.js";
import type { InputFile } from "../release/release-facts.js";
import type { HubTextFile } from "../stages/fetch/fetch-texts.js";
import type { ModelKind } from "../stages/smoke/model-facts.js";
import type { JsonObject } from "../util/canonical-json.js";
import type { QuantsmithError } from "../util/errors.js";
import type { Warning } from "../util/warnings.js";

/** External facts for a plan: content digests, sizes, tool versions. Paths are stored separately, never in keys. */
export interface PlanFacts {
  model: ModelFacts;
  /** sha256 of each text file, by absolute path. */
  texts: ReadonlyMap<string, string>;
  /** sha256 of each picture of a smoke prompt, by absolute path. */
  pictures: ReadonlyMap<string, string>;
  /** Each text on the Hub, by its reference in the recipe. */
  hubTexts: ReadonlyMap<string, HubTextFile>;
  /** Warnings about those texts. */
  textWarnings: readonly Warning[];
  /** Data sets of these texts that only members may read. */
  privateDatasets: readonly string[];
  /** Constants of the speed model. */
  speed: SpeedConstants;
  /** Architectures that llama.cpp's converter supports; null if unknown. */
  architectures: Architectures | null;
  /** Quantized checkpoints that llama.cpp's converter reads; null if unknown. */
  quantization: QuantizationMethods | null;
  /** Architectures for which the converter has options for MTP layers; null if unknown. */
  mtpArchitectures: ReadonlySet<string> | null;
  /** The converter's pre-tokenizers, if the recipe names one; null if unknown. */
  pretokenizers: Pretokenizers | null;
  /** Whether the tools include quantsmith's own programs, for error feedback and probes. */
  ownTools: boolean;
  /** Whether llama.cpp's vision tool is built, can be built, or is missing from the llama.cpp in use. */
  visionTool: "ready" | "buildable" | "missing";
  /** The devices of this machine for the steps that evaluate a model. */
  compute: ComputeChoice;
  /** Memory of host and devices together in bytes; null if other machines evaluate models. */
  memoryBytes: number | null;
  toolDigests: Readonly<Record<ToolId, string>>;
  /** Files of the tools, for the provenance. */
  toolFiles: readonly InputFile[];
  /** Versions for the report, by tool. */
  toolVersions: Readonly<Record<string, string>>;
}

export interface ModelFacts {
  source:
    | { kind: "local"; folder: string }
    /**
     * `listing` has all files of the repository; the Hugging Face cache lacks `missingBytes`. With `ownCopy`, the files are
     * downloaded into the fetch step.
     */
    | {
        kind: "hub";
        repo: string;
        revision: string;
        commit: string;
        listing: readonly HubFile[];
        missingBytes: number;
        ownCopy: boolean;
        /** Set if only members may read the repository; absent also if unknown. */
        private?: true;
        /** Absent if unknown. */
        gated?: Gating;
      };
  files: readonly SnapshotFile[];
  /** Of a GGUF source: which of the files are its splits, in order. Absent for a checkpoint. */
  gguf?: readonly string[];
  /** Of a GGUF source. */
  kind?: ModelKind;
  /** Weights of the model, and the bytes of all tensors in the files; estimates if only file sizes are known. */
  parameters: number;
  tensorBytes: number;
  /** The weights that the base has in a quantized type; absent without any. */
  kept?: KeptWeights;
  /** Description of a checkpoint from its headers; absent without a config.json, and for a GGUF source. */
  outline?: CheckpointOutline;
  /** QS-CONVERT-CONFIG or QS-CONVERT-WEIGHTS if config.json or the headers of a model with a native converter are wrong. */
  mismatch?: QuantsmithError;
  /** QS-CONVERT-WEIGHTS if the scales of FP8 tensors are wrong. */
  badScales?: QuantsmithError;
  /** `base_model` of a quantized checkpoint's model card; absent for all others. */
  baseModels?: readonly string[];
  /** config.json; null without one, which the fetch stage reports, and for a GGUF source. */
  config: JsonObject | null;
  /** Null if the configuration does not specify it. */
  vocabulary: number | null;
  /** Findings about the model's files. They must not depend on tools or this machine, since the release contains them. */
  warnings: readonly Warning[];
}
