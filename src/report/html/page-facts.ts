import type { BaseCard } from "../../checkpoint/base-card.js";
import type { HardwareCompatibility } from "../../hardware/compatibility.js";
import type { RunReport } from "../../release/release-report.js";
import type { ReleaseCharts } from "../charts/release-charts.js";
import type { TensorFacts } from "../tensor-facts.js";

/** Use of a text for calibration, search or evaluation. */
export interface TextUse {
  corpus: string;
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Null digest: generated in the run, or on the Hub at the commit in `recipe.lock.yaml`. */
  files: readonly { name: string; sha256: string | null }[];
}

/** Content of `report.html`. */
export interface PageFacts {
  /** Includes variants that failed. */
  report: RunReport;
  /** The base model's card with the recipe's overrides. */
  card: BaseCard;
  /** Checkpoint files that can run code, used because the recipe sets `allowUnsafe`. */
  unsafe: readonly string[];
  /** Null if not performed. */
  texts: { calibration: TextUse | null; search: TextUse | null; evaluation: TextUse | null };
  /** The matrices of each quantized variant, by its name. */
  tensors: ReadonlyMap<string, readonly TensorFacts[]>;
  charts: ReleaseCharts;
  /** Fit of the variants that passed. */
  hardware: HardwareCompatibility;
}
