import { QuantsmithError } from "../util/errors.js";

const adapterWeights = /^adapter_(?:model|config)[\w.-]*\.(?:safetensors|bin|json)$/;
const modelWeights = /^(?:model[\w.-]*\.safetensors|pytorch_model[\w.-]*\.bin|model\.safetensors\.index\.json)$/;

/**
 * Throws QS-FETCH-ADAPTER for a folder or repository with a LoRA adapter and no model. `place` names it in messages.
 */
export function requireNoAdapter(place: string, names: Iterable<string>): void {
  const files = [...names];
  if (!files.some((name) => adapterWeights.test(name)) || files.some((name) => modelWeights.test(name))) return;
  throw new QuantsmithError("QS-FETCH-ADAPTER", `${place} contains a LoRA adapter, not a model`, {
    remedy:
      "Merge it into its base model with PEFT's `merge_and_unload()` and use the result, or convert it with `quantsmith convert-lora <adapter> --base <base>`.",
    at: { file: place },
  });
}
