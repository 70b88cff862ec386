import { readGguf } from "../gguf/read-header.js";
import { addsEos } from "../llamacpp/eos-override.js";
import { requiredInput, type StageContext } from "./stage.js";

/** Warns if the input `model` asks programs to end every text with EOS, which measurements must override. */
export async function warnOfAddedEos(context: StageContext): Promise<void> {
  if (addsEos(await readGguf(requiredInput(context, "model")))) context.warn(addedEos);
}

export const addedEos = {
  code: "QW-TOKENIZER-EOS",
  message:
    "`add_eos_token` is true, so programs end every prompt with the end-of-text token; llama.cpp measures only without it, so the measurements override it",
  remedy:
    "For a model that generates text, set `add_eos_token` to false in tokenizer_config.json. Embedding models may need it.",
  at: { file: "tokenizer_config.json" },
} as const;
