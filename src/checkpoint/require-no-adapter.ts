import { QuantsmithError } from "../util/errors.js";

const adapterWeights = /^adapter_(?:model|config)[\w.-]*\.(?:safetensors|bin|json)$/;
const modelWeights = /^(?:model[\w.-]*\.safetensors|pytorch_model[\w.-]*\.bin|model\.safetensors\.index\.json)$/;

/**
 * Throws QS-FETCH-ADAPTER for a folder or repository with an adapter and no model. `place` names it in messages.
 */
export function requireNoAdapter(place: string, names: Iterable<string>): void {
  const files = [...names];
  if (!files.some((name) => adapterWeights.test(name)) || files.some((name) => modelWeights.test(name))) return;
  throw new QuantsmithError("QS-FETCH-ADAPTER", `${place} contains an adapter, not a model`, {
    remedy:
      "Merge it into its base model (`merge_and_unload()` of PEFT, `mlx_lm.fuse`) and use the result. PEFT's LoRA adapters can also be converted: `quantsmith convert-lora <adapter> --base <base>`.",
    at: { file: place },
  });
}
