import type { BaseCard } from "../../checkpoint/base-card.js";
import type { HardwareCompatibility } from "../../hardware/compatibility.js";
import type { RunReport } from "../../release/release-report.js";
import type { ReleaseCharts } from "../charts/release-charts.js";

/** A text that something was computed on. */
export interface TextUse {
  corpus: string;
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Without a digest: made in the run, or on the Hub at the commit in `recipe.lock.yaml`. */
  files: readonly { name: string; sha256: string | null }[];
}

/** What a variant answered to the smoke prompts. */
export interface SmokeAnswers {
  /** A crash or a hang. */
  problem: string | null;
  answers: readonly { prompt: string; answer: string; stopReason: string; failures: readonly string[] }[];
}

/** Everything that `report.html` tells. */
export interface PageFacts {
  /** With the variants that failed. */
  report: RunReport;
  /** The base's card with the recipe's changes. */
  card: BaseCard;
  /** Files of the checkpoint that can run code, taken on request. */
  unsafe: readonly string[];
  /** Null for what was not done. */
  texts: { calibration: TextUse | null; search: TextUse | null; evaluation: TextUse | null };
  /** By variant; without those that were not asked. */
  smoke: ReadonlyMap<string, SmokeAnswers>;
  charts: ReleaseCharts;
  /** Where the variants that passed fit. */
  hardware: HardwareCompatibility;
}
