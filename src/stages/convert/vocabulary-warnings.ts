import { unknownNormalizers } from "../../checkpoint/keys/tokenizer-keys.js";
import { mergeScores } from "../../converter/vocabulary/merge-scores.js";
import { addsPrefixSpace, steps } from "../../converter/vocabulary/prefix-space.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quoteList } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";
import { fastModel, type TokenizerFacts } from "./correct-vocabulary.js";

/** Names in a message. */
const maxNames = 5;

/** Returns what a checkpoint's tokenizer says and a vocabulary that is merged by score cannot express. Pure. */
export function vocabularyWarnings(facts: TokenizerFacts): Warning[] {
  return [...mergeWarnings(facts), ...splitWarnings(facts), ...prefixWarnings(facts)];
}

function mergeWarnings(facts: TokenizerFacts): Warning[] {
  const fast = fastModel(facts);
  if (fast === undefined) return [];
  const { scores, unmerged } = mergeScores(fast.model, fast.apart);
  const formed = new Set([...scores.keys(), ...unmerged]);
  const whole = fast.model.ignore_merges === true ? words(fast).filter((text) => !formed.has(text)) : [];
  const lost: [string, readonly string[]][] = [
    ["`model.merges`: llama.cpp also forms tokens for whose parts there is no merge", unmerged],
    ["`model.ignore_merges` (true): llama.cpp never forms words of the vocabulary without merges", whole],
  ];
  return lost.flatMap(([what, texts]) => {
    if (texts.length === 0) return [];
    const named = quoteList(texts.slice(0, maxNames), "and");
    const more = texts.length > maxNames ? ` and ${texts.length - maxNames} more` : "";
    return [lostKey(`tokenizer.json, ${what}: ${named}${more}`)];
  });
}

/** The texts of the vocabulary of several characters, without added tokens and bytes. */
function words({ model, apart }: { model: JsonObject; apart: ReadonlySet<string> }): string[] {
  return Object.keys(model.vocab ?? {}).filter(
    (text) => [...text].length > 1 && !apart.has(text) && !/^<0x[0-9A-Fa-f]{2}>$/.test(text),
  );
}

/** Metaspace adds no space to a text that begins with one; SentencePiece and llama.cpp do. */
function prefixWarnings(facts: TokenizerFacts): Warning[] {
  const { tokenizer } = facts;
  if (fastModel(facts) === undefined || tokenizer === undefined) return [];
  // Its space is there before Metaspace looks.
  const prepends = steps(tokenizer.normalizer, "normalizers").some(({ type }) => type === "Prepend");
  if (prepends || !addsPrefixSpace({ pre_tokenizer: tokenizer.pre_tokenizer ?? null })) return [];
  return [
    lostKey(
      'tokenizer.json, `pre_tokenizer` ("Metaspace"): llama.cpp also puts a space before a text that begins with one',
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
  const splits = steps(tokenizer.pre_tokenizer, "pretokenizers").filter((step, index, all) => {
    if (step.type === "Metaspace") return step.split !== false && joined;
    // Metaspace would put a space before each part.
    const isLast = all.slice(index).every(({ type }) => type !== "Metaspace");
    if (step.type === "Digits" && isLast) return words(fast).some((text) => isSplit(text, step));
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

/** Whether Digits splits a text: digits from the rest, and from each other. */
function isSplit(text: string, { individual_digits }: JsonObject): boolean {
  return /\p{N}/u.test(text) && (individual_digits === true || /\P{N}/u.test(text));
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
