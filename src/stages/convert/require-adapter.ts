import { stat } from "node:fs/promises";
import { join } from "node:path";
import { checkWeights } from "../../checkpoint/check-weights.js";
import { isObject } from "../../checkpoint/parse-python-json.js";
import { readJson } from "../../checkpoint/read-config.js";
import { readSafetensorsHeader } from "../../checkpoint/safetensors.js";
import { QuantsmithError } from "../../util/errors.js";
import { requireNoPointer } from "../../util/lfs-pointer.js";
import { adapterAlpha } from "./adapter-alpha.js";

const configName = "adapter_config.json";
const weightsName = "adapter_model.safetensors";

/** The files of an adapter. Pickles are not supported, because opening one can run code. */
export const adapterFiles = { config: configName, weights: weightsName } as const;

/**
 * Checks what the converter reads of a LoRA adapter: its files, its configuration and its weights. Returns the configuration
 * with the alpha of the GGUF file. Errors: QS-CONVERT-ADAPTER, QS-FETCH-SAFETENSORS, QS-FETCH-NAN, QS-LFS-POINTER.
 */
export async function requireAdapter(
  folder: string,
  options: { signal: AbortSignal },
): Promise<Record<string, unknown>> {
  for (const name of Object.values(adapterFiles)) await requireFile(join(folder, name));
  const path = join(folder, configName);
  const unusable = (why: string) => unusableConfig(path, why);
  const config = await readJson(path, unusable);
  if (!isObject(config)) throw unusable("it is not a JSON object");
  const { tensors } = await readSafetensorsHeader(join(folder, weightsName));
  const alpha = adapterAlpha(config, tensors, unusable);
  await checkWeights(folder, [weightsName], "full", options);
  return { ...config, lora_alpha: alpha };
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return requireNoPointer(path);
  throw new QuantsmithError("QS-CONVERT-ADAPTER", `${path} is missing`, {
    remedy: `Pass the folder of a PEFT adapter that contains ${configName} and ${weightsName}.`,
    at: { file: path },
  });
}

function unusableConfig(path: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-ADAPTER", `${configName} is unusable: ${why}`, {
    remedy: `Use the ${configName} that PEFT wrote for this adapter; if a GGUF file cannot express the adapter, merge it into its base.`,
    at: { file: path },
  });
}
