import { Hyperparameters } from "../../converter/hyperparameters.js";
import { fileTypeOf, type OutType, outputType } from "../../converter/output-type.js";
import { typeOf } from "../../converter/planned-tensor.js";
import type { CheckpointTensor } from "../../converter/read-checkpoint.js";
import { entry, textMetadata } from "../../converter/text-metadata.js";
import type { GgufValue } from "../../gguf/gguf.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { knownType } from "../../quant/ggml-types.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** Metadata and tensors of a GGUF file, without values. */
export interface Outline {
  metadata: Map<string, GgufValue>;
  tensors: { name: string; shape: readonly number[]; type: GgmlType }[];
}

const outer: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

/** Names of a layer's tensors before `.weight` and `.bias`. */
const modules: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  post_attention_layernorm: "post_attention_norm",
  ...{ "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v" },
  ...{ "self_attn.o_proj": "attn_output", "mlp.router": "ffn_gate_inp" },
};

/** Returns true for gpt-oss, whose base has the experts' types of the checkpoint. */
export function isGptOss({ architectures }: JsonObject): boolean {
  return Array.isArray(architectures) && architectures[0] === "GptOssForCausalLM";
}

/**
 * Returns what llama.cpp's converter would write for a gpt-oss with experts in MXFP4: gate and up apart, and their blocks
 * unpacked. Undefined for a checkpoint with other tensors. Throws QS-CONVERT-CONFIG.
 */
export function gptOssOutline(
  config: JsonObject,
  checkpoint: readonly CheckpointTensor[],
  outtype: OutType,
): Outline | undefined {
  const h = new Hyperparameters(config);
  const type = outputType(outtype, checkpoint);
  const tensors: Outline["tensors"] = [];
  for (const { name, shape } of checkpoint) {
    const [, layer, part = ""] = /^model\.layers\.(\d+)\.(.+)$/.exec(name) ?? [];
    const renamed = outer[name] ?? (layer === undefined ? undefined : layerName(part));
    if (renamed !== undefined) {
      const full = layer === undefined ? renamed : `blk.${layer}.${renamed}`;
      tensors.push({ name: full, shape: shape.toReversed(), type: typeOf(full, shape.length, type) });
      continue;
    }
    const experts = expertTensors(part, shape);
    if (experts === undefined) return undefined;
    tensors.push(...experts.map((tensor) => ({ ...tensor, name: `blk.${layer}.${tensor.name}` })));
  }
  // llama-quantize does not read the settings of the rotary embedding.
  const model = { h, rope: { full: {}, type: undefined, slidingTheta: undefined }, fileType: fileTypeOf(type) };
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "gpt-oss" }],
    ...textMetadata("gpt-oss", model),
    ...entry("gpt-oss", "attention.sliding_window", "uint32", h.size("sliding_window")),
    ...entry("gpt-oss", "expert_feed_forward_length", "uint32", h.size("intermediate_size")),
  ]);
  return { metadata, tensors };
}

function layerName(part: string): string | undefined {
  if (part === "self_attn.sinks") return "attn_sinks.weight";
  const [, module = "", kind] = /^(.+)\.(weight|bias)$/.exec(part) ?? [];
  return modules[module] === undefined ? undefined : `${modules[module]}.${kind}`;
}

/** Returns the tensors of experts: none for scales, which the blocks contain; undefined for unknown ones. */
function expertTensors(part: string, shape: readonly number[]): Outline["tensors"] | undefined {
  const [, matrix, kind] = /^mlp\.experts\.(gate_up|down)_proj_(blocks|scales|bias)$/.exec(part) ?? [];
  if (kind === undefined) return undefined;
  if (kind === "scales") return [];
  const [experts = 0, outputs = 0, blocks = 0] = shape;
  const [names, rows] = matrix === "down" ? [["down"], outputs] : [["gate", "up"], outputs / 2];
  return names.map((name) =>
    kind === "bias"
      ? { name: `ffn_${name}_exps.bias`, shape: [rows, experts], type: knownType("F32") }
      : { name: `ffn_${name}_exps.weight`, shape: [blocks * 32, rows, experts], type: knownType("MXFP4") },
  );
}
