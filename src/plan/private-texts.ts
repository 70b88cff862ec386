import type { Settings } from "../recipe/settings.js";
import { privateDatasets } from "../stages/publish/require-allowed.js";
import type { Warning } from "../util/warnings.js";
import type { PlanFacts } from "./facts.js";

/** Warns of private data sets that the release for the recipe's repository names, if that may be a public one. */
export function privateTexts({ publish, locate }: Settings, { privateDatasets: datasets }: PlanFacts): Warning[] {
  const target = publish?.target;
  if (datasets.length === 0 || target?.kind !== "hub" || target.private !== undefined) return [];
  return [{ ...privateDatasets(datasets, target.repo), at: locate(["publish"]) }];
}
