import { Tokenizer } from "@huggingface/tokenizers";
import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { encodeByteLevel } from "./byte-level.js";

/** The known pre-tokenizer that splits llama.cpp's check text most like a model's own. */
export interface NearestPretokenizer {
  name: string;
  /** Places where both split, as a share of those where either does: 1 is no difference. */
  share: number;
  /** Others that split it in the same places, at most three. */
  equal: string[];
}

/**
 * Holds the pre-tokenizer of a tokenizer.json against the patterns of llama.cpp. Undefined where nothing can be compared:
 * the model does not split byte-level, or the library cannot run it.
 */
export function nearestPretokenizer(
  tokenizer: JsonObject,
  { checkText, names, patterns }: Pretokenizers,
): NearestPretokenizer | undefined {
  const own = modelSplits(tokenizer, checkText);
  if (own === undefined) return undefined;
  const scored: Scored[] = [];
  const inTable = new Set(Object.values(names));
  for (const [name, list] of Object.entries(patterns)) {
    const theirs = inTable.has(name) ? patternSplits(list, checkText) : undefined;
    if (theirs !== undefined) scored.push({ name, share: alike(own, theirs), patterns: list.length });
  }
  // Of those that split alike, the simplest comes first.
  scored.sort((a, b) => b.share - a.share || a.patterns - b.patterns);
  const [best, ...rest] = scored;
  if (best === undefined || best.share === 0) return undefined;
  const equal = rest.filter(({ share }) => share === best.share).map(({ name }) => name);
  return { name: best.name, share: best.share, equal: equal.slice(0, 3) };
}

interface Scored {
  name: string;
  share: number;
  patterns: number;
}

/** Where the model's own pre-tokenizer splits, in characters of the byte-level text. */
function modelSplits(tokenizer: JsonObject, text: string): Set<number> | undefined {
  try {
    const loaded = new Tokenizer(tokenizer, {});
    const pieces = loaded.pre_tokenizer?.([text]);
    return pieces?.join("") === encodeByteLevel(text) ? places(pieces) : undefined;
  } catch {
    return undefined;
  }
}

/** Where llama.cpp's patterns split, one after the other; undefined for a pattern that only llama.cpp understands. */
function patternSplits(patterns: readonly string[], text: string): Set<number> | undefined {
  let pieces = [text];
  for (const pattern of patterns) {
    try {
      const regex = new RegExp(pattern, "gu");
      pieces = pieces.flatMap((piece) => splitBy(piece, regex));
    } catch {
      return undefined;
    }
  }
  return places(pieces.map(encodeByteLevel));
}

/** The matches and what lies between them. */
function splitBy(text: string, regex: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const { index, 0: match } of text.matchAll(regex)) {
    pieces.push(text.slice(from, index), match);
    from = index + match.length;
  }
  return [...pieces, text.slice(from)].filter((piece) => piece !== "");
}

function places(pieces: readonly string[]): Set<number> {
  let at = 0;
  return new Set(
    pieces.map((piece) => {
      at += piece.length;
      return at;
    }),
  );
}

function alike(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const both = [...a].filter((place) => b.has(place)).length;
  return both / (a.size + b.size - both);
}
