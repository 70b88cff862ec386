import { unknownNormalizers } from "../../checkpoint/keys/tokenizer-keys.js";
import { mergeScores } from "../../converter/vocabulary/merge-scores.js";
import { steps } from "../../converter/vocabulary/prefix-space.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quoteList } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";
import { fastModel, type TokenizerFacts } from "./correct-vocabulary.js";

/** Names in a message. */
const maxNames = 5;

/** Returns what a checkpoint's tokenizer says and a vocabulary that is merged by score cannot express. Pure. */
export function vocabularyWarnings(facts: TokenizerFacts): Warning[] {
  return [...mergeWarnings(facts), ...splitWarnings(facts)];
}

function mergeWarnings(facts: TokenizerFacts): Warning[] {
  const fast = fastModel(facts);
  if (fast === undefined) return [];
  const { unmerged } = mergeScores(fast.model, fast.apart);
  if (unmerged.length === 0) return [];
  const named = quoteList(unmerged.slice(0, maxNames), "and");
  const more = unmerged.length > maxNames ? ` and ${unmerged.length - maxNames} more` : "";
  return [
    lostKey(
      `tokenizer.json, \`model.merges\`: llama.cpp also forms tokens for whose parts there is no merge: ${named}${more}`,
    ),
  ];
}

/** Further normalizers than those of `tokenizerKeys`, and splits, of a tokenizer.json that becomes a SentencePiece vocabulary. */
function splitWarnings(facts: TokenizerFacts): Warning[] {
  const fast = fastModel(facts);
  const { tokenizer } = facts;
  if (fast === undefined || tokenizer === undefined) return [];
  const normalizers = steps(tokenizer.normalizer, "normalizers").filter(
    (step) => !isSpaceStep(step) && !unknownNormalizers.includes(String(step.type)),
  );
  const joined = Object.keys(fast.model.vocab ?? {}).some((text) => !fast.apart.has(text) && /.▁/su.test(text));
  const splits = steps(tokenizer.pre_tokenizer, "pretokenizers").filter((step) => {
    if (step.type === "Metaspace") return step.split !== false && joined;
    return !isSpaceStep(step);
  });
  const types = (list: readonly JsonObject[]) =>
    quoteList(list.map(({ type }) => String(type)).slice(0, maxNames), "and");
  return [
    ...(normalizers.length === 0
      ? []
      : [
          lostKey(
            `tokenizer.json, \`normalizer\` (${types(normalizers)}): llama.cpp changes only the spaces of a text`,
          ),
        ]),
    ...(splits.length === 0
      ? []
      : [
          lostKey(
            `tokenizer.json, \`pre_tokenizer\` (${types(splits)}): llama.cpp does not split a text before it merges`,
          ),
        ]),
  ];
}

/** Whether a step only replaces or adds spaces as llama.cpp does, or splits at the spaces that are left: none. */
function isSpaceStep({ type, pattern, content, prepend }: JsonObject): boolean {
  const text = typeof pattern === "object" && pattern !== null ? (pattern as JsonObject).String : undefined;
  if (type === "Prepend") return prepend === "▁";
  if (type === "Replace") return text === " " && content === "▁";
  // NFC changes only decomposed characters, as for a byte-level BPE.
  return type === "NFC" || (type === "Split" && text === " ");
}

function lostKey(message: string): Warning {
  return {
    code: "QW-KEYS-LOST",
    message,
    remedy: "llama.cpp has no setting for it: compare answers with transformers.",
  };
}
