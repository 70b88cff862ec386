import { estimateEvaluationBytes } from "../hardware/memory/evaluation.js";
import type { Settings } from "../recipe/settings.js";
import { baseRemedy, copyBytes } from "../stages/require-memory.js";
import { formatBytes } from "../util/bytes.js";
import type { PlanFacts } from "./facts.js";
import { baseBytes, keptBytes, largeVocabulary } from "./predict-bytes.js";

/**
 * Says that the base exceeds the memory, what it needs, what there is, and what to set; empty if it fits. The steps check
 * again with llama.cpp's allocator.
 */
export function baseNotes({ base, stages, evaluation }: Settings, { model, memoryBytes }: PlanFacts): string[] {
  const evaluates = (["calibrate", "allocate", "validate"] as const).some((stage) => stages.includes(stage));
  if (memoryBytes === null || base === "16bit" || !evaluates) return [];
  const text = { vocabulary: model.vocabulary ?? largeVocabulary, context: evaluation.context };
  const weights = baseBytes(model);
  const copy = copyBytes(weights, keptBytes(model), text);
  const needed = base === "Q8_0" ? copy : estimateEvaluationBytes(weights, text);
  if (needed <= memoryBytes) return [];
  const which = base === "Q8_0" ? "the Q8_0 copy of the base" : "the 16-bit base";
  const remedy = baseRemedy(base === "Q8_0" ? undefined : copy, memoryBytes);
  const what = `evaluating ${which} needs about ${formatBytes(needed)} of memory, and there are ${formatBytes(memoryBytes)}`;
  return [`${what}. ${remedy.slice(0, -1)}`];
}
