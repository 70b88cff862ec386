import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RandomTensor, writeRandomCheckpoint } from "../../../bench/convert/random-checkpoint.js";

/** A LoRA adapter of rank 4 for the attention of the demo model's first layer, as PEFT saves it, made up. */
export async function makeAdapter(folder: string, hiddenSize: number, more: readonly string[] = []): Promise<void> {
  await mkdir(folder);
  const config = {
    ...{ peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: ["q_proj", "o_proj"], task_type: "CAUSAL_LM" },
    base_model_name_or_path: "org/not-asked-for",
  };
  await writeFile(join(folder, "adapter_config.json"), JSON.stringify(config));
  const tensor = (name: string, shape: number[]): RandomTensor => ({ name, shape, dtype: "F32", around: 0 });
  const pairs = ["q_proj", "o_proj"].flatMap((module) => {
    const name = `base_model.model.model.layers.0.self_attn.${module}`;
    return [tensor(`${name}.lora_A.weight`, [4, hiddenSize]), tensor(`${name}.lora_B.weight`, [hiddenSize, 4])];
  });
  await writeRandomCheckpoint(folder, [...pairs, ...more.map((name) => tensor(name, [hiddenSize, hiddenSize]))]);
  await rename(join(folder, "model.safetensors"), join(folder, "adapter_model.safetensors"));
}
