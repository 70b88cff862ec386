import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../src/util/package-root.js";
import { type RandomTensor, writeRandomCheckpoint } from "./random-checkpoint.js";

const hidden = 2048;
const feedForward = 5632;
const heads = 32;
const keyValueHeads = 8;
const vocabulary = 4096;
/** Source of the tokenizer. */
const demo = fileURLToPath(new URL("recipes/demo/tiny-llama/", packageRoot));

/**
 * Creates `folder` with a Llama in bf16, with random weights and the demo's tokenizer, in `files` shards. Each of its
 * `layers` takes 90 MB, the rest 34 MB: 11 layers are 1 GB.
 */
export async function makeLargeCheckpoint(folder: string, { layers = 11, files = 1 } = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const config = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    bos_token_id: 1,
    eos_token_id: 2,
    hidden_act: "silu",
    hidden_size: hidden,
    intermediate_size: feedForward,
    max_position_embeddings: 4096,
    num_attention_heads: heads,
    num_hidden_layers: layers,
    num_key_value_heads: keyValueHeads,
    rms_norm_eps: 1e-5,
    rope_theta: 10000.0,
    tie_word_embeddings: false,
    torch_dtype: "bfloat16",
    vocab_size: vocabulary,
  };
  await writeFile(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  for (const name of ["tokenizer.model", "tokenizer_config.json"]) await copyFile(join(demo, name), join(folder, name));
  await writeRandomCheckpoint(folder, llamaTensors(layers), files);
}

function llamaTensors(layers: number): RandomTensor[] {
  const tensor = (name: string, ...shape: number[]): RandomTensor => ({
    name: `${name}.weight`,
    shape,
    dtype: "BF16",
    around: shape.length === 1 ? 1 : 0,
  });
  const keyValue = (hidden / heads) * keyValueHeads;
  const layer = (prefix: string) => [
    tensor(`${prefix}.self_attn.q_proj`, hidden, hidden),
    tensor(`${prefix}.self_attn.k_proj`, keyValue, hidden),
    tensor(`${prefix}.self_attn.v_proj`, keyValue, hidden),
    tensor(`${prefix}.self_attn.o_proj`, hidden, hidden),
    tensor(`${prefix}.mlp.gate_proj`, feedForward, hidden),
    tensor(`${prefix}.mlp.up_proj`, feedForward, hidden),
    tensor(`${prefix}.mlp.down_proj`, hidden, feedForward),
    tensor(`${prefix}.input_layernorm`, hidden),
    tensor(`${prefix}.post_attention_layernorm`, hidden),
  ];
  return [
    tensor("model.embed_tokens", vocabulary, hidden),
    ...Array.from({ length: layers }, (_, index) => layer(`model.layers.${index}`)).flat(),
    tensor("model.norm", hidden),
    tensor("lm_head", vocabulary, hidden),
  ];
}
