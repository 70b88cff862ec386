import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/** Names for which llama.cpp sets attributes of tokens, and these tokens, without which it does not load a model. */
const phi3 = { name: /phi-?3/i, tokens: ["</s>", "<unk>", "<s>", "<|endoftext|>"] };

/**
 * Throws QS-CONVERT-TOKENIZER for a model that llama.cpp takes for Phi 3 by `general.name`, and that lacks its tokens
 * (`load` in llama-vocab.cpp). Pure.
 */
export function requireLoadable({ metadata }: Pick<Gguf, "metadata">): void {
  const name = metadataString({ metadata }, "general.name") ?? "";
  const tokens = metadata.get("tokenizer.ggml.tokens");
  if (!phi3.name.test(name) || tokens?.type !== "array") return;
  const missing = phi3.tokens.find((token) => !tokens.items.includes(token));
  if (missing === undefined) return;
  throw new QuantsmithError(
    "QS-CONVERT-TOKENIZER",
    `llama.cpp loads no model named ${quote(name)} without the token ${quote(missing)}, which Phi 3 has`,
    { remedy: "Set another name under `model` in the recipe: `name: my-model`." },
  );
}
