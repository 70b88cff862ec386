import type { CardOverrides } from "../../checkpoint/override-card.js";
import type { CorpusText } from "../../corpus/assemble-corpus.js";
import type { TargetDevices } from "../../hardware/fit/estimate-release-fit.js";
import type { Material, TextMaterial } from "../../release/release-facts.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** What the card and the files for other programs take from the recipe. */
export interface ReleaseMetadata extends JsonObject, CardOverrides {
  readonly quantizedBy?: string;
  readonly tags?: readonly string[];
  readonly system?: string;
}

export interface PackagedVariant extends JsonObject {
  name: string;
  /** File name in the release. */
  file: string;
}

/** What the package stage needs of the recipe. */
export interface PackageParams extends JsonObject {
  /** Name of the release folder. */
  release: string;
  /** File name of the recipe, without folders. */
  recipe: string;
  modelName: string;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  imatrixFile: string;
  /** Null for a model without a vision or audio part, or whose recipe leaves it out. */
  projectorFile: string | null;
  variants: readonly PackagedVariant[];
  /** A variant with more bytes is released in parts. */
  maxFileBytes: number;
  /** Whether the plan measures and smoke-tests; what was planned must be there for a variant to pass. */
  measured: boolean;
  smokeTested: boolean;
  /** The texts that were used, for what is told about them. */
  texts: { readonly [use in "calibration" | "search" | "evaluation"]: readonly CorpusText[] };
  /** What the variants are held against, and all that the catalog says about it. */
  hardware: TargetDevices;
  /** The same with where they can be had, and what the tools are made of: for provenance and bill of materials. */
  textFiles: readonly TextMaterial[];
  toolFiles: readonly Material[];
  /** Repository on the Hub that the recipe publishes to; null without one. */
  publishRepo: string | null;
  /** What the recipe says about the model besides the checkpoint's card. */
  metadata: ReleaseMetadata;
  /** The recipe as it was resolved, for `recipe.lock.yaml`. */
  lock: JsonObject;
  toolchain: { readonly [name: string]: string };
}

type VariantFile = "model" | "quantize" | "structure" | "quality" | "smoke" | "rules" | "allocation" | "memory";

/** Input names of one variant's files: `model:Q4_K_M`, `quantize:Q4_K_M`, … */
export const variantInput = (kind: VariantFile, variant: string) => `${kind}:${variant}`;
