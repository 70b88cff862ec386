import type { Gguf, GgufTensor } from "../gguf/gguf.js";
import { metadataNumber, metadataString } from "../gguf/metadata.js";
import { tensorRole } from "../quant/tensor-role.js";
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

/** Where a model's bytes go, from its header alone: a pure sum over the tensor table, no figure of it is an estimate. */
export function footprintOf(gguf: Pick<Gguf, "metadata" | "tensors" | "fileBytes">): Footprint {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `${architecture}.${key}`);
  const placed = gguf.tensors.map((tensor) => ({ ...tensor, ...tensorRole(tensor.name) }));
  const blocks = Math.max(0, ...placed.map(({ layer }) => (layer ?? -1) + 1));
  const layerBytes = new Array<number>(blocks).fill(0);
  const expertBytes = new Array<number>(blocks).fill(0);
  let hostBytes = 0;
  let outputBytes = 0;
  for (const { role, layer, bytes } of placed) {
    if (layer !== null) {
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
  const used = figure("expert_used_count") ?? 0;
  const experts = count > 0 && used > 0 ? { count, used: Math.min(used, count) } : null;
  const activeShare = experts === null ? 1 : experts.used / experts.count;
  const routedBytes = sum(expertBytes);
  return {
    architecture,
    fileBytes: gguf.fileBytes,
    trainedContext: figure("context_length") ?? null,
    types: bytesByType(gguf.tensors),
    layerBytes,
    expertBytes,
    experts,
    hostBytes,
    outputBytes,
    activeBytes: Math.ceil(sum(layerBytes) - routedBytes * (1 - activeShare) + outputBytes),
  };
}

function bytesByType(tensors: readonly GgufTensor[]): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { type, bytes } of tensors) types[type.name] = (types[type.name] ?? 0) + bytes;
  return types;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
