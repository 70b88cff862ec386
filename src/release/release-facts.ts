import type { BaseCard } from "../checkpoint/base-card.js";
import type { JsonObject } from "../util/canonical-json.js";
import type { RunReport } from "./release-report.js";

/** A file that something was made from or with. */
export interface Material extends JsonObject {
  name: string;
  /** Where it can be had; absent for what only the maker has. */
  uri?: string;
  /** By the names that in-toto gives algorithms: `sha256`, `gitBlob`, `gitCommit`. */
  digest?: { readonly [algorithm: string]: string };
}

/** A text that something was computed on. */
export interface TextMaterial extends Material {
  use: "calibration" | "search" | "evaluation";
  /** Data set on the Hub, `org/name`. */
  dataset?: string;
}

/** What provenance and bill of materials tell about a release. */
export interface ReleaseFacts {
  /** With the variants that passed alone. */
  report: RunReport;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  card: BaseCard;
  /** The checkpoint's files. */
  modelFiles: readonly Material[];
  texts: readonly TextMaterial[];
  /** llama.cpp's source and libraries, as files. */
  toolFiles: readonly Material[];
  /** What wrote the published files, program name first; `<threads>` where a number of cores stood. */
  commands: readonly { step: string; argv: readonly string[] }[];
  /** `recipe.lock.yaml` as data. */
  lock: JsonObject;
  /** Every file of the release that stands in SHA256SUMS, but those that tell about the others. */
  files: readonly { path: string; sha256: string }[];
}
