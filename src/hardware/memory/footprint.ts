import type { Gguf, GgufTensor } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { tensorRole } from "../../quant/tensor-role.js";
import type { Footprint } from "./memory.js";

/**
 * Tensors that llama.cpp only looks rows up in and keeps in the computer's memory at any offload: `LLM_TENSOR_LAYER_INPUT`
 * in its llama-arch.cpp.
 */
const inputRoles: ReadonlySet<string> = new Set(["token_embd", "position_embd", "token_types", "per_layer_token_embd"]);

/** Routed experts, of which a token uses some; shared ones are called `_shexp`. */
const routed = /_(ch)?exps(\.|$)/;

/** Roles of tensors that take no memory of a card, whatever their types; a tied embedding is the output there too. */
export function hostRoles(roles: ReadonlySet<string>): Set<string> {
  return new Set([...inputRoles].filter((role) => role !== "token_embd" || roles.has("output")));
}

/**
 * Where a model's bytes go, from its header alone: a pure sum over the tensor table, no figure of it is an estimate.
 * Blocks that only predict further tokens (MTP) are left out, as llama.cpp does unless it is asked to use them.
 */
export function footprintOf(gguf: Pick<Gguf, "metadata" | "tensors" | "fileBytes">): Footprint {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `${architecture}.${key}`);
  const placed = gguf.tensors.map((tensor) => ({ ...tensor, ...tensorRole(tensor.name) }));
  const named = placed.reduce((most, { layer }) => Math.max(most, (layer ?? -1) + 1), 0);
  // There are no more blocks than tensors, whatever number a name bears.
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
  // A tied model multiplies with its embedding a second time, and a second copy of it goes to the device.
  if (!placed.some(({ role }) => role === "output")) {
    outputBytes += sum(placed.filter(({ role }) => role === "token_embd").map(({ bytes }) => bytes));
  }
  const count = figure("expert_count") ?? 0;
  // Some models use more experts in some layers than in others.
  const used = numbersOf(gguf, `${architecture}.expert_used_count`, blocks);
  const unused = expertBytes.map((bytes, layer) => (count > 0 ? bytes * (1 - (used[layer] ?? count) / count) : 0));
  return {
    architecture,
    fileBytes: gguf.fileBytes,
    // Some files say 0, which tells as little as nothing.
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

/** A number for all blocks, or an array with one for each. */
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
