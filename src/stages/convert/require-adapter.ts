import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "../../checkpoint/parse-python-json.js";
import { readJson } from "../../checkpoint/read-config.js";
import { readSafetensorsHeader } from "../../checkpoint/safetensors.js";
import { QuantsmithError } from "../../util/errors.js";
import { requireNoPointer } from "../../util/lfs-pointer.js";

const configName = "adapter_config.json";
const weightsName = "adapter_model.safetensors";

/** The files of an adapter. Pickles are not supported, because opening one can run code. */
export const adapterFiles = [configName, weightsName];

/**
 * Checks what the converter reads of a LoRA adapter: its files, its configuration and the header of its weights.
 * Errors: QS-CONVERT-ADAPTER, QS-FETCH-SAFETENSORS, QS-LFS-POINTER.
 */
export async function requireAdapter(folder: string): Promise<void> {
  for (const name of adapterFiles) await requireFile(join(folder, name));
  const path = join(folder, configName);
  const unusable = (why: string) => unusableConfig(path, why);
  const config = await readJson(path, unusable);
  if (!isObject(config) || typeof config.lora_alpha !== "number") throw unusable("lora_alpha is not a number");
  await readSafetensorsHeader(join(folder, weightsName));
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return requireNoPointer(path);
  throw new QuantsmithError("QS-CONVERT-ADAPTER", `${path} is missing`, {
    remedy: `Pass the folder of a PEFT adapter that contains ${adapterFiles.join(" and ")}.`,
    at: { file: path },
  });
}

function unusableConfig(path: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-ADAPTER", `${configName} is unusable: ${why}`, {
    remedy: `Use the ${configName} that PEFT wrote for this adapter.`,
    at: { file: path },
  });
}
