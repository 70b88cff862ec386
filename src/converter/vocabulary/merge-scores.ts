import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { mergedTokens } from "./merges.js";

/** Scores with which merging by score, as in SentencePiece, gives the tokens of a list of merges. */
export interface MergeScores {
  /** Scores by token, for the tokens that merges form; all are at most 0 and above `lowest`. */
  scores: ReadonlyMap<string, number>;
  /** The score of all other tokens. */
  lowest: number;
  /** Tokens that llama.cpp forms from a pair for which there is no merge. */
  unmerged: readonly string[];
}

/** Longer tokens are not merged here, to bound the time; they get the rank of their first merge. */
const longest = 128;

/**
 * Derives scores from the merges of a tokenizer.json with a SentencePiece-like BPE; `apart` are the texts of added tokens,
 * which are found before any merge. Both ways to merge take the best pair, then the leftmost, and no merge crosses the
 * boundaries of a token that is formed later. So a token is always formed by the last merge of its own text, whose rank,
 * negated, is its score. Where that text ends as a pair without a merge, llama.cpp still forms the token, since it looks
 * up the pair's text alone. Pure.
 */
export function mergeScores(model: JsonObject, apart: ReadonlySet<string>): MergeScores {
  const merges = Array.isArray(model.merges) ? (model.merges as readonly Json[]) : [];
  const vocabulary = new Map(Object.keys(isObject(model.vocab) ? model.vocab : {}).map((text, id) => [text, id]));
  const pairs = new Map<number, Merge>();
  const first = new Map<string, number>();
  for (const [rank, item] of merges.entries()) {
    if (typeof item === "string" && item.startsWith("#version")) continue;
    const [left, right] = mergedTokens(item, rank);
    const [l, r, result] = [left, right, left + right].map((text) => vocabulary.get(text));
    if (l === undefined || r === undefined || result === undefined) continue;
    pairs.set(pairKey(l, r), { rank, result });
    if (!first.has(left + right)) first.set(left + right, rank);
  }
  const scores = new Map<string, number>();
  const unmerged: string[] = [];
  for (const text of vocabulary.keys()) {
    if (apart.has(text)) continue;
    const characters = [...text];
    if (characters.length < 2 || /^<0x[0-9A-Fa-f]{2}>$/.test(text)) continue;
    if (characters.length > longest) {
      const rank = first.get(text);
      if (rank !== undefined) scores.set(text, 0 - rank);
      continue;
    }
    const { symbols, last } = mergeAll(characters, vocabulary, pairs);
    if (symbols === 1) scores.set(text, 0 - last);
    else if (symbols === 2) unmerged.push(text);
  }
  return { scores, lowest: -merges.length - 1, unmerged };
}

interface Merge {
  rank: number;
  /** Number of the token that the merge forms. */
  result: number;
}

/** Numbers of tokens are below `maxTokens`, 2^21. */
const pairKey = (left: number, right: number) => left * 2 ** 21 + right;

/** Merges a text by rank; returns how many symbols are left, and the rank of the last merge. */
function mergeAll(
  characters: readonly string[],
  vocabulary: ReadonlyMap<string, number>,
  pairs: ReadonlyMap<number, Merge>,
): { symbols: number; last: number } {
  // A character without a token becomes bytes, which no merge contains.
  const symbols = characters.map((character) => vocabulary.get(character) ?? -1);
  let last = 0;
  while (symbols.length > 1) {
    let best: Merge | undefined;
    let at = 0;
    for (let i = 1; i < symbols.length; i++) {
      const [left = -1, right = -1] = [symbols[i - 1], symbols[i]];
      const merge = left < 0 || right < 0 ? undefined : pairs.get(pairKey(left, right));
      if (merge === undefined || (best !== undefined && merge.rank >= best.rank)) continue;
      best = merge;
      at = i;
    }
    if (best === undefined) break;
    symbols.splice(at - 1, 2, best.result);
    last = best.rank;
  }
  return { symbols: symbols.length, last };
}
