import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** Names that training frameworks give to the tensors of a model that they wrap. */
const wrappers = [
  {
    pattern: /(?:^|\.)_orig_mod\./,
    what: "of a model that was compiled with torch.compile",
    remedy: "Save the model before compiling it, or remove `_orig_mod.` from the names of all tensors.",
  },
  {
    pattern: /^(?:_forward_module\.|module\.)/,
    what: "of a model inside DistributedDataParallel or DeepSpeed",
    remedy: "Save the inner model (`model.module`), or remove the prefix from the names of all tensors.",
  },
  {
    pattern: /(?:^|\.)(?:_fsdp_wrapped_module|_checkpoint_wrapped_module)\./,
    what: "of a model inside FSDP or activation checkpointing",
    remedy: "Save the unwrapped model, or remove this part from the names of all tensors.",
  },
  {
    pattern: /^base_model\.model\.|\.base_layer\.|\.lora_[AB]\.|\.modules_to_save\./,
    what: "of a PEFT model whose adapter was not merged",
    remedy:
      "Merge it with PEFT's `merge_and_unload()` and save the result, or convert the adapter with `convert-lora`.",
  },
] as const;

/** Published models with adapters in their weights, which llama.cpp's converter supports. */
const withAdapters = /^(?:Phi4MM|Granite)/;

/** Throws QS-FETCH-WRAPPED at the first tensor with a name that only the wrapper of a training framework has. */
export function requireUnwrapped(path: string, tensors: readonly { name: string }[], architecture: string): void {
  if (withAdapters.test(architecture)) return;
  for (const { name } of tensors) {
    const found = wrappers.find(({ pattern }) => pattern.test(name));
    if (found === undefined) continue;
    throw new QuantsmithError("QS-FETCH-WRAPPED", `the tensor ${quote(name)} has a name ${found.what}`, {
      remedy: found.remedy,
      at: { file: path },
    });
  }
}
