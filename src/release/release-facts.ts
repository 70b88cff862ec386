import type { BaseCard } from "../checkpoint/base-card.js";
import type { JsonObject } from "../util/canonical-json.js";
import type { RunReport } from "./release-report.js";

/** An input file of the build. */
export interface InputFile extends JsonObject {
  name: string;
  /** Download address; absent for files that are not public. */
  uri?: string;
  /** Keys are in-toto's algorithm names: `sha256`, `gitBlob`, `gitCommit`. */
  digest?: { readonly [algorithm: string]: string };
}

/** A text used for calibration, search or evaluation, or the questions of a task. */
export interface InputText extends InputFile {
  use: "calibration" | "search" | "evaluation" | "task";
  /** Dataset on the Hub, `org/name`. */
  dataset?: string;
}

/** Input of the provenance and the bill of materials. */
export interface ReleaseFacts {
  /** Contains only variants that passed. */
  report: RunReport;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  card: BaseCard;
  /** The checkpoint's files. */
  modelFiles: readonly InputFile[];
  texts: readonly InputText[];
  /** llama.cpp's source and libraries, as files. */
  toolFiles: readonly InputFile[];
  /** Commands that wrote the published files, program name first; thread counts are replaced by `<threads>`. */
  commands: readonly { step: string; argv: readonly string[] }[];
  /** `recipe.lock.yaml` as data. */
  lock: JsonObject;
  /** The files listed in SHA256SUMS, except those that describe the other files. */
  files: readonly { path: string; sha256: string }[];
}
