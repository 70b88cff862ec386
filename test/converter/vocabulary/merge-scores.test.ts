import { describe, expect, test } from "vitest";
import { mergeScores } from "../../../src/converter/vocabulary/merge-scores.js";
import { randomIntegers } from "../../fixtures/random.js";

const model = (vocabulary: readonly string[], merges: readonly (readonly [string, string])[]) => ({
  type: "BPE",
  vocab: Object.fromEntries(vocabulary.map((text, id) => [text, id])),
  merges: merges.map(([left, right]) => [left, right]),
});

/** Merges the best pair of a text, then the leftmost, until no pair has a rank. */
function merge(text: string, rankOf: (left: string, right: string) => number | undefined): string[] {
  const symbols = [...text];
  for (;;) {
    let best: { rank: number; at: number } | undefined;
    for (let at = 1; at < symbols.length; at++) {
      const rank = rankOf(symbols[at - 1] ?? "", symbols[at] ?? "");
      if (rank !== undefined && (best === undefined || rank < best.rank)) best = { rank, at };
    }
    if (best === undefined) return symbols;
    symbols.splice(best.at - 1, 2, `${symbols[best.at - 1]}${symbols[best.at]}`);
  }
}

describe("scores from merges", () => {
  test("are the negated ranks of the merges that form the tokens", () => {
    const { scores, lowest, unmerged } = mergeScores(
      model(
        ["a", "b", "c", "ab", "abc", "bc", "<s>"],
        [
          ["b", "c"],
          ["a", "bc"],
          ["a", "b"],
          ["ab", "c"],
        ],
      ),
      new Set(["<s>"]),
    );
    // "abc" is formed by the merge of rank 1; "ab" by that of rank 2.
    expect(Object.fromEntries(scores)).toEqual({ bc: 0, abc: -1, ab: -2 });
    expect([lowest, unmerged]).toEqual([-5, []]);
  });

  test("name the tokens that llama.cpp forms without a merge", () => {
    const merges = [
      ["a", "b"],
      ["b", "a"],
      ["ab", "ba"],
    ] as const;
    const named = (more: readonly string[], apart: readonly string[] = []) =>
      mergeScores(model(["a", "b", "ab", "ba", "abba", ...more], merges), new Set(apart)).unmerged;
    expect(named([])).toEqual([]);
    expect(named(["aa"])).toEqual(["aa"]);
    expect(named(["aa"], ["aa"])).toEqual([]);
    // "é" has no token, so transformers reads its bytes.
    expect(named(["éa"])).toEqual(["éa"]);
    // No pair forms a token in three parts.
    expect(named(["aaa", "<0x0A>"])).toEqual([]);
  });

  test("give the tokens of the merges, for random merges and texts", () => {
    const random = randomIntegers(7);
    const pick = (list: readonly string[]) => list[random(list.length)] ?? "";
    let [equal, warned] = [0, 0];
    for (let round = 0; round < 300; round++) {
      const vocabulary = ["a", "b", "c"];
      const merges: [string, string][] = [];
      for (let i = 0; i < 12; i++) {
        const [left, right] = [pick(vocabulary), pick(vocabulary)];
        if (merges.some(([l, r]) => l === left && r === right)) continue;
        // Sometimes earlier than the merges of its parts.
        merges.splice(merges.length > 0 && random(10) < 3 ? random(merges.length) : merges.length, 0, [left, right]);
        if (!vocabulary.includes(left + right)) vocabulary.push(left + right);
      }
      const { scores, lowest, unmerged } = mergeScores(model(vocabulary, merges), new Set());
      const byRank = (l: string, r: string) => {
        const rank = merges.findIndex(([left, right]) => left === l && right === r);
        return rank === -1 ? undefined : rank;
      };
      const byScore = (l: string, r: string) =>
        vocabulary.includes(l + r) ? -(scores.get(l + r) ?? lowest) : undefined;
      const texts = Array.from({ length: 30 }, () => Array.from({ length: 20 }, () => pick(["a", "b", "c"])).join(""));
      const same = texts.every((text) => merge(text, byRank).join(" ") === merge(text, byScore).join(" "));
      if (unmerged.length === 0) expect(same).toBe(true);
      if (unmerged.length === 0) equal++;
      else if (!same) warned++;
    }
    expect(Math.min(equal, warned)).toBeGreaterThan(20);
  });
});
