import { knownType } from "../quant/ggml-types.js";
import type { Family, ModelFacts, TensorRule } from "./families/family.js";
import { matchTensor, requireTensors } from "./match-tensors.js";
import { ExpertMerger } from "./merge-experts.js";
import { type PlannedTensor, toSlice, typeOf } from "./planned-tensor.js";
import type { CheckpointTensor } from "./read-checkpoint.js";
import type { TargetType } from "./values/convert-values.js";

export interface PlanOptions {
  /** Type of the matrices. */
  type: TargetType;
  /** Tokens of the vocabulary; for some families, further embedding rows are dropped. */
  tokens: number;
}

/**
 * Plans source, shape and type of every GGUF tensor, in the order of llama.cpp's converter. Throws QS-CONVERT-WEIGHTS
 * for tensors that are missing, unknown or differ in shape from config.json, QS-CONVERT-NATIVE for values other than
 * BF16, F16 or F32.
 */
export function planTensors(
  family: Family,
  model: ModelFacts,
  checkpoint: readonly CheckpointTensor[],
  { type, tokens }: PlanOptions,
): PlannedTensor[] {
  const rules = family.tensors(model.h);
  const experts = new ExpertMerger(rules.values(), family.expertOrder ?? [], type);
  const planned: PlannedTensor[] = (family.generated?.(model).tensors ?? []).map(({ gguf, values }) => {
    return { name: gguf, shape: [values.length], type: knownType("F32"), data: values };
  });
  const seen = new Set<string>();
  for (const tensor of checkpoint) {
    const rule = matchTensor(rules, tensor);
    if (rule === undefined) continue;
    seen.add(tensor.name);
    if (rule.expert !== undefined) planned.push(...experts.add(tensor, rule, rule.expert));
    else if (!rule.ignored) planned.push(planTensor(tensor, rule, { type, tokens }));
  }
  requireTensors(rules, seen);
  return planned;
}

function planTensor(tensor: CheckpointTensor, rule: TensorRule, { type, tokens }: PlanOptions): PlannedTensor {
  const [rows = 0, ...inner] = tensor.shape;
  const kept = rule.vocabulary ? Math.min(rows, tokens) : rows;
  const slice = toSlice(tensor, rule);
  return {
    name: rule.gguf,
    shape: [kept, ...inner].reverse(),
    type: typeOf(rule.gguf, tensor.shape.length, type),
    data: [{ ...slice, elements: (slice.elements / rows) * kept }],
  };
}
