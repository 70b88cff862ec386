import { knownType } from "../quant/ggml-types.js";
import { quote } from "../util/quote.js";
import type { Family, ModelFacts, TensorRule } from "./families/family.js";
import { ExpertMerger } from "./merge-experts.js";
import { badWeights, unexpectedTensors } from "./native-errors.js";
import { type PlannedTensor, toSlice, typeOf } from "./planned-tensor.js";
import type { CheckpointTensor } from "./read-checkpoint.js";
import type { TargetType } from "./values/convert-values.js";

/** Buffers of old checkpoints that llama.cpp computes itself. */
const unused = [".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq"];

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
    if (unused.some((suffix) => tensor.name.endsWith(suffix))) continue;
    const rule = rules.get(tensor.name);
    if (rule === undefined) throw unexpectedTensors(`this architecture has no tensor ${quote(tensor.name)}`);
    checkShape(tensor, rule);
    seen.add(tensor.name);
    if (rule.expert !== undefined) planned.push(...experts.add(tensor, rule, rule.expert));
    else if (!rule.ignored) planned.push(planTensor(tensor, rule, { type, tokens }));
  }
  for (const [name, { required }] of rules) {
    if (required && !seen.has(name)) throw unexpectedTensors(`${quote(name)} is missing`);
  }
  return planned;
}

function checkShape({ name, shape }: CheckpointTensor, rule: TensorRule): void {
  if (shape.length === rule.shape.length && shape.every((size, i) => size === rule.shape[i])) return;
  const what = `${quote(name)} has the shape [${shape.slice(0, 8).join(", ")}], not [${rule.shape.join(", ")}]`;
  // If only the embedding's length differs, llama.cpp's converter keeps the rows that have a token.
  const onlyLength =
    shape.length === rule.shape.length && shape.slice(1).every((size, i) => size === rule.shape[i + 1]);
  throw rule.vocabulary === true && onlyLength ? unexpectedTensors(what) : badWeights(what);
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
