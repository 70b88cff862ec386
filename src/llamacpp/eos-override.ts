import type { Gguf } from "../gguf/gguf.js";

const key = "tokenizer.ggml.add_eos_token";

/** Whether a model's file asks programs to end every text with EOS. */
export function addsEos({ metadata }: Pick<Gguf, "metadata">): boolean {
  const flag = metadata.get(key);
  return flag?.type === "bool" && flag.value === true;
}

/**
 * Returns the arguments with which tools that read or continue a text do not end it with EOS, empty for most models:
 * llama-perplexity, llama-imatrix and llama-completion abort for a model that asks for it.
 */
export function eosOverride(gguf: Pick<Gguf, "metadata">): string[] {
  return addsEos(gguf) ? ["--override-kv", `${key}=bool:false`] : [];
}
