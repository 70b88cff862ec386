import type { CardOverrides } from "../../checkpoint/override-card.js";
import type { CorpusText } from "../../corpus/assemble-corpus.js";
import type { TargetDevices } from "../../hardware/fit/estimate-release-fit.js";
import type { ProjectorType } from "../../quant/names.js";
import type { GateLimit, SmokeFigure } from "../../release/gates.js";
import type { InputFile, InputText } from "../../release/release-facts.js";
import type { TaskLimit } from "../../release/task-score.js";
import type { CardLayout } from "../../report/card-layout.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Warning } from "../../util/warnings.js";

/** The recipe's settings for the model card and the files for other programs. */
export interface ReleaseMetadata extends JsonObject, CardOverrides {
  readonly quantizedBy?: string;
  readonly tags?: readonly string[];
  readonly system?: string;
}

export interface PackagedVariant extends JsonObject {
  name: string;
  /** File name in the release. */
  file: string;
  /** The preset of llama.cpp measured for comparison; absent without one. */
  comparator?: string;
}

/** Parameters of the package step. */
export interface PackageParams extends JsonObject {
  /** Name of the release folder. */
  release: string;
  /** File name of the recipe, without folders. */
  recipe: string;
  modelName: string;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  imatrixFile: string;
  /**
   * The vision or audio projectors, the most exact first; empty without one in the model or the recipe. `shown`: the smoke
   * test shows pictures through it.
   */
  projectors: readonly { type: ProjectorType; file: string; shown: boolean }[];
  /** File of the layers for multi-token prediction; null unless the recipe separates them. */
  mtpFile: string | null;
  variants: readonly PackagedVariant[];
  /** A larger variant is split. */
  maxFileBytes: number;
  /** True if the plan measures variants, which then need a result to pass. */
  measured: boolean;
  /** True if the plan smoke-tests variants, which then need a result to pass. */
  smokeTested: boolean;
  /** Gates of the smoke test. */
  smokeLimits: readonly GateLimit<SmokeFigure>[];
  /** Tasks that the plan asks, which then need a result to pass. */
  tasks: readonly TaskLimit[];
  /** Type of the copy that stands for the base where it is evaluated; absent for the 16-bit base itself. */
  evaluatedBase?: "Q8_0";
  /** The texts in use, for reports. */
  texts: { readonly [use in "calibration" | "search" | "evaluation"]: readonly CorpusText[] };
  /** The target devices with their catalog data. */
  hardware: TargetDevices;
  /** Texts with their addresses, for the provenance and the bill of materials. */
  textFiles: readonly InputText[];
  /** Files of the tools, for the provenance and the bill of materials. */
  toolFiles: readonly InputFile[];
  /** The recipe's repository on the Hub; null without one. */
  publishRepo: string | null;
  /** The recipe's metadata, which overrides the checkpoint's card. */
  metadata: ReleaseMetadata;
  /** The publisher's choices for the model card. */
  card: CardLayout;
  /** The resolved recipe, for `recipe.lock.yaml`. */
  lock: JsonObject & { readonly model: JsonObject & { readonly source: string } };
  toolchain: { readonly [name: string]: string };
  /** The release that the tensors and figures are from; absent for a release with its own. */
  tensorsFrom?: {
    /** `hf:org/name@commit`, or `local folder`. */
    readonly release: string;
    /** sha256 of its SHA256SUMS. */
    readonly checksums: string;
    /** Dynamic variants with the size of a preset. */
    readonly budgetsOfPresets: readonly string[];
  };
  /** What is known before any step runs; those of steps come from their records. */
  warnings: readonly Warning[];
}

type VariantFile =
  | "model"
  | "quantize"
  | "structure"
  | "quality"
  | "smoke"
  | "rules"
  | "rounding"
  | "allocation"
  | "errors"
  | "memory"
  | "comparator"
  | "comparatorQuality";

/** Returns the input name of a variant's file: `model:Q4_K_M`, `quantize:Q4_K_M`, … */
export const variantInput = (kind: VariantFile, variant: string) => `${kind}:${variant}`;

/** Returns the input name of the answers of a variant, or of the base, to a task. */
export const taskInput = (task: string, variant?: string) => `task:${task}:${variant ?? ""}`;
