import type { Gguf, GgufTensor } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { tensorRole } from "../../quant/tensor-role.js";
import type { Footprint } from "./memory.js";

/**
 * Tensors from which llama.cpp only reads single rows; they stay in system memory at any offload (`LLM_TENSOR_LAYER_INPUT`
 * in its llama-arch.cpp).
 */
const inputRoles: ReadonlySet<string> = new Set(["token_embd", "position_embd", "token_types", "per_layer_token_embd"]);

/** Routed experts, of which a token uses some; names of shared experts contain `_shexp`. */
const routed = /_(ch)?exps(\.|$)/;

/** Returns the roles of tensors that occupy no GPU memory. Excludes a tied embedding, which is also the output. */
export function hostRoles(roles: ReadonlySet<string>): Set<string> {
  return new Set([...inputRoles].filter((role) => role !== "token_embd" || roles.has("output")));
}

/**
 * Computes a model's footprint from its header, as exact sums over the tensor table. Excludes blocks that only predict
 * further tokens (MTP), which llama.cpp does not load by default.
 */
export function footprintOf(gguf: Pick<Gguf, "metadata" | "tensors" | "fileBytes">): Footprint {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `${architecture}.${key}`);
  const placed = gguf.tensors.map((tensor) => ({ ...tensor, ...tensorRole(tensor.name) }));
  const named = placed.reduce((most, { layer }) => Math.max(most, (layer ?? -1) + 1), 0);
  // The number in a name is untrusted, but there cannot be more blocks than tensors.
  const blocks = Math.max(0, Math.min(named, placed.length) - (figure("nextn_predict_layers") ?? 0));
  const layerBytes = new Array<number>(blocks).fill(0);
  const expertBytes = new Array<number>(blocks).fill(0);
  let hostBytes = 0;
  let outputBytes = 0;
  for (const { role, layer, bytes } of placed) {
    if (layer !== null) {
      if (layer >= blocks) continue;
      layerBytes[layer] = (layerBytes[layer] ?? 0) + bytes;
      if (routed.test(role)) expertBytes[layer] = (expertBytes[layer] ?? 0) + bytes;
    } else if (inputRoles.has(role)) hostBytes += bytes;
    else outputBytes += bytes;
  }
  // A tied model also uses its embedding as the output, so the device has a second copy of it.
  if (!placed.some(({ role }) => role === "output")) {
    outputBytes += sum(placed.filter(({ role }) => role === "token_embd").map(({ bytes }) => bytes));
  }
  const count = figure("expert_count") ?? 0;
  // Some models use a different number of experts in each layer.
  const used = numbersOf(gguf, `${architecture}.expert_used_count`, blocks);
  const unused = expertBytes.map((bytes, layer) => (count > 0 ? bytes * (1 - (used[layer] ?? count) / count) : 0));
  return {
    architecture,
    fileBytes: gguf.fileBytes,
    // Some files contain 0, which means unknown.
    trainedContext: figure("context_length") || null,
    types: bytesByType(gguf.tensors),
    layerBytes,
    expertBytes,
    experts: count > 0 ? { count, used: Math.max(...used) } : null,
    hostBytes,
    outputBytes,
    activeBytes: Math.ceil(sum(layerBytes) - sum(unused) + outputBytes),
  };
}

/** Reads a key that is one number for all blocks or an array with one per block. */
function numbersOf(gguf: Pick<Gguf, "metadata">, key: string, blocks: number): number[] {
  const entry = gguf.metadata.get(key);
  if (entry?.type === "array") return entry.items.map(Number);
  return new Array<number>(Math.max(blocks, 1)).fill(metadataNumber(gguf, key) ?? 0);
}

function bytesByType(tensors: readonly GgufTensor[]): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { type, bytes } of tensors) types[type.name] = (types[type.name] ?? 0) + bytes;
  return types;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
