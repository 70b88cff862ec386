import type { Tokenizer } from "@huggingface/tokenizers";
import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import { encodeByteLevel } from "./byte-level.js";

/** The known pre-tokenizer whose splits of llama.cpp's test text are most similar to the model's. */
export interface NearestPretokenizer {
  name: string;
  /** Positions split by both, as a share of those split by either; 1 means identical. */
  share: number;
  /** Others with the same share, at most three. */
  equal: string[];
}

/**
 * Compares a model's pre-tokenizer with llama.cpp's patterns. Returns undefined when nothing is comparable:
 * the model's is not byte-level, or the library cannot run it.
 */
export function nearestPretokenizer(
  tokenizer: Tokenizer,
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
  // Of equal ones, the simplest comes first.
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

/** Returns the split positions of the model's own pre-tokenizer, in characters of the byte-level text. */
function modelSplits(tokenizer: Tokenizer, text: string): Set<number> | undefined {
  try {
    const pieces = tokenizer.pre_tokenizer?.([text]);
    return pieces?.join("") === encodeByteLevel(text) ? places(pieces) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the split positions of llama.cpp's patterns, applied in turn; undefined for a pattern invalid in JavaScript. */
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

/** Splits a text into the matches and the pieces between them. */
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
