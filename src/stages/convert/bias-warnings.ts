import { mergedConfig } from "../../checkpoint/keys/config-keys.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";

const inputs = ["attn_q", "attn_k", "attn_v"];
const attention = [...inputs, "attn_output"];
const feedForward = ["ffn_gate", "ffn_up", "ffn_down"];
const plain = { always: [], keys: {} };
const withKey = { always: [], keys: { attention_bias: attention } };

/** The biases of transformers' classes by `model_type`: those that always exist, and those that a key adds. */
const biases: Readonly<
  Record<string, { always: readonly string[]; keys: Readonly<Record<string, readonly string[]>> }>
> = {
  llama: { always: [], keys: { attention_bias: attention, mlp_bias: feedForward } },
  ...{ mistral: plain, mixtral: plain, phi3: plain },
  qwen2: { always: inputs, keys: {} },
  ...{ qwen3: withKey, qwen3_moe: withKey, gemma2: withKey, gemma3: withKey, gemma3_text: withKey },
};

const biasName = /^blk\.\d+\.(attn_(?:q|k|v|qkv|output)|ffn_(?:gate|up|down))\.bias$/;

/** Warns of biases in a file that transformers does not read from the checkpoint. `tensors` are the file's. Pure. */
export function biasWarnings(config: JsonObject, tensors: readonly string[]): Warning[] {
  const merged = mergedConfig(config);
  const known = biases[String(merged.model_type)];
  if (known === undefined) return [];
  const unread = new Map<string | undefined, string[]>();
  for (const name of tensors.toSorted()) {
    const module = biasName.exec(name)?.[1];
    if (module === undefined || known.always.includes(module)) continue;
    const key = Object.keys(known.keys).find((each) => known.keys[each]?.includes(module));
    if (key === undefined || merged[key] !== true) unread.set(key, [...(unread.get(key) ?? []), name]);
  }
  return [...unread].map(([key, names]) => unreadBiases(key, names));
}

function unreadBiases(key: string | undefined, [name = "", ...more]: readonly string[]): Warning {
  const named = `${quote(name)}${more.length > 0 ? ` and ${more.length} more` : ""}`;
  const why = key === undefined ? "config.json, `model_type`" : `config.json, \`${key}\` (not true)`;
  return {
    code: "QW-WEIGHTS-BIAS",
    message: `${why}: transformers ignores biases of the checkpoint that the file contains and llama.cpp uses: ${named}`,
    remedy:
      key === undefined
        ? "Remove them from the checkpoint unless the model was trained with them; then use the `model_type` of its training."
        : `Set \`${key}\` to true if the model was trained with them; otherwise remove them from the checkpoint.`,
  };
}
