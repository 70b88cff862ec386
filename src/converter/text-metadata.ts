import type { GgufScalarType } from "../gguf/gguf.js";
import type { Entries } from "./entries.js";
import type { ModelFacts } from "./families/family.js";
import type { Hyperparameters } from "./hyperparameters.js";
import { formatValue, nativeUnsupported } from "./native-errors.js";
import { ropeEntries } from "./rope-parameters.js";

/** A metadata value: its key after the architecture's prefix, its type, and its names in configurations. */
type NumericKey = readonly [key: string, type: "uint32" | "float32", ...names: string[]];

const beforeRope: readonly NumericKey[] = [
  [
    ...(["context_length", "uint32", "max_position_embeddings", "n_ctx", "n_positions"] as const),
    ...["max_length", "max_sequence_length", "model_max_length"],
  ],
  ["embedding_length", "uint32", "hidden_size", "n_embd", "dim"],
  [
    ...(["feed_forward_length", "uint32", "prefix_dense_intermediate_size", "dense_intermediate_size"] as const),
    ...["intermediate_size", "n_inner", "hidden_dim"],
  ],
  ["attention.head_count", "uint32", "num_attention_heads", "n_head", "n_heads"],
  ["attention.head_count_kv", "uint32", "num_key_value_heads", "n_kv_heads"],
];

const afterRope: readonly NumericKey[] = [
  ["attention.layer_norm_rms_epsilon", "float32", "rms_norm_eps", "norm_eps"],
  ["attention.layer_norm_epsilon", "float32", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"],
  ["expert_count", "uint32", "num_local_experts", "num_experts", "n_routed_experts"],
  ["expert_used_count", "uint32", "num_experts_per_tok", "num_experts_per_token", "top_k_experts"],
  ["expert_group_count", "uint32", "n_group"],
  ["expert_group_used_count", "uint32", "topk_group"],
];

/** Returns metadata common to most families, in the order of llama.cpp's converter (`TextModel.set_gguf_parameters`). */
export function textMetadata(architecture: string, { h, rope, fileType }: ModelFacts): Entries {
  refuseGating(h);
  const headDim = h.integer(["head_dim"]);
  return [
    [`${architecture}.block_count`, { type: "uint32", value: h.size("num_hidden_layers") }],
    ...numericEntries(architecture, h, beforeRope),
    ...(h.values.is_causal === false ? entry(architecture, "attention.causal", "bool", 0) : []),
    ...ropeEntries(architecture, rope),
    ...numericEntries(architecture, h, afterRope),
    ...(headDim === undefined ? [] : entry(architecture, "attention.key_length", "uint32", headDim)),
    ...(headDim === undefined ? [] : entry(architecture, "attention.value_length", "uint32", headDim)),
    fileTypeEntry(fileType),
  ];
}

/** Returns `general.file_type`, which the converter writes among the architecture's keys. */
export function fileTypeEntry(fileType: number): Entries[number] {
  return ["general.file_type", { type: "uint32", value: fileType }];
}

/** Returns the entries for the values that the configuration contains. */
export function numericEntries(architecture: string, h: Hyperparameters, keys: readonly NumericKey[]): Entries {
  return keys.flatMap(([key, type, ...names]) => {
    const value = type === "uint32" ? h.integer(names) : h.number(...names);
    return value === undefined ? [] : entry(architecture, key, type, value);
  });
}

/** Like `numericEntries`, for keys on which llama.cpp's converter fails if they are null. Throws QS-CONVERT-NATIVE for null. */
export function requiredNumericEntries(architecture: string, h: Hyperparameters, keys: readonly NumericKey[]): Entries {
  for (const [, , ...names] of keys) requireValue(h, ...names);
  return numericEntries(architecture, h, keys);
}

/** Throws QS-CONVERT-NATIVE when the first present name is null, or no name is present. */
export function requireValue(h: Hyperparameters, ...names: string[]): void {
  if (h.firstPresent(...names) === undefined)
    throw nativeUnsupported(`does not support a model without ${names.join(" or ")}`);
}

/** Returns one entry as a list. */
export function entry(architecture: string, key: string, type: GgufScalarType, value: number): Entries {
  return [[`${architecture}.${key}`, { type, value }]];
}

const gatingNames = [
  ...["score_function", "scoring_func", "score_func", "moe_router_activation", "moe_router_activation_func"],
  "expert_selection_fn",
];

function refuseGating(h: Hyperparameters): void {
  const gating = h.firstPresent(...gatingNames);
  if (gating !== undefined) throw nativeUnsupported(`does not support ${gating.name} ${formatValue(gating.value)}`);
}
