import type { JsonObject } from "../../util/canonical-json.js";
import type { SpecialTokens } from "./configured-tokens.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/**
 * Returns the post-processor with which Llama's and Gemma's tokenizer classes replace that of tokenizer.json: adds BOS
 * unless `add_bos_token` is false, and EOS if `add_eos_token` is true. Throws QS-CONVERT-TOKENIZER.
 */
export function classPostProcessor(
  config: JsonObject,
  special: SpecialTokens,
  idOf: (content: string) => number | undefined,
): JsonObject {
  const first = config.add_bos_token === undefined || config.add_bos_token ? part("bos", special, idOf) : undefined;
  const last = config.add_eos_token ? part("eos", special, idOf) : undefined;
  const around = (sequence: JsonObject) => [first?.step, sequence, last?.step].filter((step) => step !== undefined);
  const single = around({ Sequence: { id: "A", type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, ...around({ Sequence: { id: "B", type_id: 1 } })],
    special_tokens: Object.fromEntries([first, last].flatMap((each) => (each ? [[each.content, each.token]] : []))),
  };
}

function part(role: "bos" | "eos", special: SpecialTokens, idOf: (content: string) => number | undefined) {
  const [token] = special.get(role) ?? [];
  const content = typeof token === "string" ? token : token?.content;
  const id = content === undefined ? undefined : idOf(content);
  if (content === undefined || id === undefined) {
    throw brokenTokenizer("tokenizer_config.json", `add_${role}_token is true, but ${role}_token is missing`);
  }
  const step = { SpecialToken: { id: content, type_id: 0 } };
  return { content, step, token: { id: content, ids: [id], tokens: [content] } };
}
