import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RandomTensor, writeRandomCheckpoint } from "../../../bench/convert/random-checkpoint.js";
import { demoFolder } from "../../fixtures/cli.js";

const hidden = 64;
const inner = 128;
const language = { hidden: 128, inner: 256, heads: 4, kvHeads: 2, headDim: 32 };
const vocabulary = 4160;

/** A tiny Gemma 3 with a vision tower in `folder`, its weights made up. */
export async function makeVisionModel(folder: string): Promise<void> {
  await mkdir(folder);
  const config = {
    architectures: ["Gemma3ForConditionalGeneration"],
    ...{ model_type: "gemma3", mm_tokens_per_image: 4, image_token_index: 5, boi_token_index: 6, eoi_token_index: 7 },
    text_config: {
      ...{
        model_type: "gemma3_text",
        vocab_size: vocabulary,
        hidden_size: language.hidden,
        head_dim: language.headDim,
      },
      ...{ intermediate_size: language.inner, num_hidden_layers: 2, num_attention_heads: language.heads },
      ...{ num_key_value_heads: language.kvHeads, max_position_embeddings: 512, sliding_window: 64 },
      ...{ rms_norm_eps: 1e-6, rope_theta: 1e6, rope_local_base_freq: 10_000 },
    },
    vision_config: {
      ...{ model_type: "siglip_vision_model", hidden_size: hidden, intermediate_size: inner, num_hidden_layers: 1 },
      ...{ num_attention_heads: 4, image_size: 56, patch_size: 14, layer_norm_eps: 1e-6 },
    },
  };
  const preprocessor = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], size: { height: 56, width: 56 } };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  await writeFile(join(folder, "preprocessor_config.json"), JSON.stringify(preprocessor));
  for (const name of ["tokenizer.model", "tokenizer_config.json"])
    await copyFile(join(demoFolder, "tiny-llama", name), join(folder, name));
  await writeRandomCheckpoint(folder, [...towerTensors(), ...languageTensors()]);
}

function towerTensors(): RandomTensor[] {
  const tower = "vision_tower.vision_model";
  const layer = `${tower}.encoder.layers.0`;
  const linear = (name: string, rows: number, columns: number) => [
    tensor(`${name}.weight`, [rows, columns]),
    tensor(`${name}.bias`, [rows]),
  ];
  const norm = (name: string) => [tensor(`${name}.weight`, [hidden], 1), tensor(`${name}.bias`, [hidden])];
  return [
    tensor("multi_modal_projector.mm_input_projection_weight", [hidden, language.hidden]),
    tensor("multi_modal_projector.mm_soft_emb_norm.weight", [hidden]),
    tensor(`${tower}.embeddings.patch_embedding.weight`, [hidden, 3, 14, 14]),
    tensor(`${tower}.embeddings.patch_embedding.bias`, [hidden]),
    tensor(`${tower}.embeddings.position_embedding.weight`, [16, hidden]),
    ...["layer_norm1", "layer_norm2"].flatMap((name) => norm(`${layer}.${name}`)),
    ...["q_proj", "k_proj", "v_proj", "out_proj"].flatMap((name) =>
      linear(`${layer}.self_attn.${name}`, hidden, hidden),
    ),
    ...linear(`${layer}.mlp.fc1`, inner, hidden),
    ...linear(`${layer}.mlp.fc2`, hidden, inner),
    ...norm(`${tower}.post_layernorm`),
  ];
}

function languageTensors(): RandomTensor[] {
  const { heads, kvHeads, headDim } = language;
  const matrices: Record<string, [number, number]> = {
    "self_attn.q_proj": [heads * headDim, language.hidden],
    "self_attn.k_proj": [kvHeads * headDim, language.hidden],
    "self_attn.v_proj": [kvHeads * headDim, language.hidden],
    "self_attn.o_proj": [language.hidden, heads * headDim],
    "mlp.gate_proj": [language.inner, language.hidden],
    "mlp.up_proj": [language.inner, language.hidden],
    "mlp.down_proj": [language.hidden, language.inner],
  };
  const norms = {
    ...{ input_layernorm: language.hidden, post_attention_layernorm: language.hidden },
    ...{ pre_feedforward_layernorm: language.hidden, post_feedforward_layernorm: language.hidden },
    ...{ "self_attn.q_norm": headDim, "self_attn.k_norm": headDim },
  };
  const layers = [0, 1].flatMap((layer) => [
    ...Object.entries(matrices).map(([name, shape]) =>
      tensor(`language_model.model.layers.${layer}.${name}.weight`, shape),
    ),
    ...Object.entries(norms).map(([name, size]) =>
      tensor(`language_model.model.layers.${layer}.${name}.weight`, [size]),
    ),
  ]);
  return [
    tensor("language_model.model.embed_tokens.weight", [vocabulary, language.hidden]),
    ...layers,
    tensor("language_model.model.norm.weight", [language.hidden]),
  ];
}

function tensor(name: string, shape: number[], around: 0 | 1 = 0): RandomTensor {
  return { name, shape, dtype: "BF16", around };
}
