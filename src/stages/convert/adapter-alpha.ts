import { isObject } from "../../checkpoint/parse-python-json.js";
import type { SafetensorsTensor } from "../../checkpoint/safetensors.js";
import { quote } from "../../util/quote.js";

/** The settings in adapter_config.json that a GGUF file cannot express, and why. */
const obstacles: readonly [key: string, isObstacle: (value: unknown) => boolean, why: string][] = [
  ["peft_type", (value) => value !== "LORA", "only LoRA adapters can be converted"],
  ["use_dora", (value) => value === true, "a GGUF adapter has no magnitudes of DoRA"],
  ["fan_in_fan_out", (value) => value === true, "llama.cpp's converter would transpose its matrices"],
  ["layer_replication", (value) => value !== null, "a GGUF adapter cannot repeat layers of the base"],
  [
    "init_lora_weights",
    (value) => typeof value === "string" && /^(pissa|olora|corda|lora_ga)/i.test(value),
    "the adapter is for changed weights of the base; save it with PEFT's path_initial_model_for_weight_conversion",
  ],
];

/**
 * Returns the alpha of the GGUF file, with which every matrix has its strength in PEFT: llama.cpp multiplies a pair of
 * matrices by alpha / rank, PEFT by lora_alpha / rank or, with `use_rslora`, by lora_alpha / √rank. Calls `refuse` with the
 * reason if no alpha does. Pure.
 */
export function adapterAlpha(
  config: Record<string, unknown>,
  tensors: readonly Pick<SafetensorsTensor, "name" | "shape">[],
  refuse: (why: string) => Error,
): number {
  const { lora_alpha: alpha, alpha_pattern: alphas, rank_pattern: ranks } = config;
  if (typeof alpha !== "number" || !Number.isFinite(alpha)) throw refuse("lora_alpha is not a number");
  if (alpha === 0) throw refuse("lora_alpha is 0, with which llama.cpp would not scale the adapter");
  const obstacle = obstacles.find(([key, isObstacle]) => config[key] !== undefined && isObstacle(config[key]));
  if (obstacle) throw refuse(`${obstacle[0]} is ${quote(String(config[obstacle[0]]))}: ${obstacle[2]}`);
  if (isObject(alphas) && Object.values(alphas).some((other) => other !== alpha))
    throw refuse("alpha_pattern has other values than lora_alpha, and a GGUF adapter has one alpha");
  const found = new Set(tensors.filter(isDown).map(({ shape }) => shape[0] ?? 0));
  const declared: unknown[] = [config.r, ...(isObject(ranks) ? Object.values(ranks) : [])];
  const other = [...found].find((rank) => !declared.includes(rank));
  if (other !== undefined && config.r !== undefined)
    throw refuse(`the weights have matrices of rank ${other}, which it does not contain`);
  if (config.use_rslora !== true) return alpha;
  const [rank = 1, ...others] = found;
  if (others.length > 0) throw refuse("use_rslora with several ranks needs several alphas, and a GGUF adapter has one");
  return alpha * Math.sqrt(rank);
}

/** The first matrix of a pair, whose rows are the rank. */
function isDown({ name }: { name: string }): boolean {
  return name.endsWith(".lora_A.weight") || name.endsWith(".lora_embedding_A");
}
