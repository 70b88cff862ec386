import { badConfig } from "../../converter/native-errors.js";
import { brokenTokenizer } from "../../converter/vocabulary/vocabulary-errors.js";
import { expertCounts } from "../../gguf/expert-counts.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/** Names for which llama.cpp sets attributes of tokens, and these tokens, without which it does not load a model. */
const phi3 = { name: /phi-?3/i, tokens: ["</s>", "<unk>", "<s>", "<|endoftext|>"] };

type Metadata = Pick<Gguf, "metadata">;

/**
 * Throws QS-CONVERT-CONFIG and QS-CONVERT-TOKENIZER for metadata of a conversion with which llama.cpp's tools end in an
 * assertion, or compute no numbers. Pure.
 */
export function requireLoadable(gguf: Metadata): void {
  requireExperts(gguf);
  requireScales(gguf);
  requireUniqueTokens(gguf);
  requirePhi3Tokens(gguf);
}

function requireExperts(gguf: Metadata): void {
  const { experts, used } = expertCounts(gguf);
  if (experts === 0) {
    if (used === undefined || used === 0) return;
    throw badConfig(`num_experts_per_tok is ${used}, but the number of experts is missing`);
  }
  if (used === undefined) throw badConfig(`num_experts_per_tok is missing, for a model of ${experts} experts`);
  if (!(used >= 1 && used <= experts))
    throw badConfig(`num_experts_per_tok is ${used}, not an integer from 1 to ${experts}, the number of experts`);
}

/** Keys after the architecture's prefix, their names in config.json, and whether 0 is possible. */
const scales = [
  ["attention.layer_norm_rms_epsilon", "rms_norm_eps", true],
  ["attention.layer_norm_epsilon", "layer_norm_eps", true],
  ["rope.freq_base", "rope_theta", false],
  ["rope.freq_base_swa", "rope_theta of sliding attention", false],
  ["rope.scaling.factor", "factor of rope_scaling", false],
] as const;

function requireScales(gguf: Metadata): void {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  for (const [key, name, allowsZero] of scales) {
    const value = metadataNumber(gguf, `${architecture}.${key}`);
    if (value === undefined || value > 0 || (allowsZero && value === 0)) continue;
    throw badConfig(`${name} is ${value}, not a number ${allowsZero ? "from 0" : "above 0"}`);
  }
}

/** llama.cpp names empty tokens itself. */
function requireUniqueTokens({ metadata }: Metadata): void {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  const seen = new Map<unknown, number>();
  for (const [id, text] of (tokens?.type === "array" ? tokens.items : []).entries()) {
    const first = text === "" ? undefined : seen.get(text);
    if (first !== undefined) {
      throw brokenTokenizer(
        "the tokenizer",
        `its tokens ${first} and ${id} have the same text, ${quote(String(text))}`,
      );
    }
    seen.set(text, id);
  }
}

/** llama.cpp takes a model for Phi 3 by `general.name` (`load` in llama-vocab.cpp). */
function requirePhi3Tokens({ metadata }: Metadata): void {
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
