import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { composeConversations, composeEvaluation, composeText } from "../../../scripts/corpora/compose.js";
import { fill, share } from "../../../scripts/corpora/phrases.js";
import { Random } from "../../../scripts/corpora/random.js";
import { findOverlap } from "../../../src/corpus/find-overlap.js";
import { readBlocks } from "../../../src/corpus/read-blocks.js";
import { defaultCategories, evaluationFile } from "../../../src/recipe/default-categories.js";

const root = new URL("../../../", import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));
const read = (name: string) => readFileSync(path(name), "utf8");
const uses = ["calibration", "search"] as const;
const categories = defaultCategories.map(({ name }) => name);

describe("quantsmith's texts", () => {
  test.each(uses)("%s is the output of `npm run corpora`", (use) => {
    expect(composeText(use, read(`recipes/demo/text/${use}.txt`)) === read(`corpora/${use}.txt`)).toBe(true);
  });

  test("the evaluation texts are, one of each category", () => {
    const texts = composeEvaluation(read("recipes/demo/text/evaluation.txt"));
    expect(Object.keys(texts)).toEqual(categories);
    for (const name of categories) expect(texts[name] === read(`corpora/${evaluationFile(name)}`)).toBe(true);
  });

  test("the conversations are, too", () => {
    expect(composeConversations() === read("corpora/calibration-chat.jsonl")).toBe(true);
  });

  test.each([
    ["calibration-chat.jsonl", 500],
    [evaluationFile("chat"), 150],
  ])("user and assistant alternate in %s", async (name, least) => {
    const blocks = await readBlocks(path(`corpora/${name}`));
    expect(blocks.length).toBeGreaterThan(least);
    for (const { conversation } of blocks) {
      expect(conversation?.map(({ role }) => role)).toEqual(
        conversation?.map((_, index) => (index % 2 === 0 ? "user" : "assistant")),
      );
    }
  });

  test("are long enough at four characters per token", () => {
    const chunks = { calibration: 200, search: 40 } as const;
    for (const use of uses) expect(read(`corpora/${use}.txt`).length / 4).toBeGreaterThan(chunks[use] * 512);
    for (const { name, context = 512 } of defaultCategories) {
      const tokens = (context === 512 ? 20 : 4) * context;
      expect(read(`corpora/${evaluationFile(name)}`).length / 4, name).toBeGreaterThan(tokens);
    }
  });

  test("do not overlap each other or the conversations", async () => {
    const names = { calibration: ["calibration.txt", "calibration-chat.jsonl"], search: ["search.txt"] };
    const texts = Object.entries({ ...names, evaluation: categories.map(evaluationFile) }).flatMap(([use, files]) =>
      files.map((name) => ({ use, name, path: path(`corpora/${name}`) })),
    );
    expect(await findOverlap(texts)).toBeUndefined();
  });

  test("contain every kind of text in every third, and no unfilled slot", () => {
    const kinds = [/[а-я]{5}/, /[一-龯]{2}/, /[ぁ-ん]{3}/, /[\u0600-\u06ff]{3}/, /[\u0900-\u097f]{3}/, /[가-힣]{2}/];
    const others = [
      /\breturn\b/,
      /(Exercises|Homework|Quiz|Practice sheet|Test) \d+\n\n1\. /,
      /\n\| |": |T\d\d:\d\d|<\?xml|date\n|\[x\]|tabular/,
    ];
    for (const use of uses) {
      const text = read(`corpora/${use}.txt`);
      for (let part = 0; part < 3; part++) {
        const piece = text.slice((part * text.length) / 3, ((part + 1) * text.length) / 3);
        for (const kind of [...kinds, ...others]) expect(piece, `${use}, part ${part}`).toMatch(kind);
      }
      expect(text).not.toMatch(
        /\{(subject|verb|rest|object|time|place|opener|person|thing|dollar|word|field|\d+-\d+)\}/,
      );
    }
  });

  test("vary: at least nine of ten lines of prose are unique", () => {
    for (const use of uses) {
      const lines = read(`corpora/${use}.txt`)
        .split("\n")
        .filter((line) => line.length > 80);
      expect(new Set(lines).size / lines.length).toBeGreaterThan(0.9);
    }
  });
});

test("slots are filled with phrases, numbers and choices; the parts of a pool are disjoint", () => {
  const random = new Random(7);
  expect(fill("{a} <x|y> {3-5} {unknown}", { a: ["b {c}"], c: ["d"] }, random)).toMatch(/^b d [xy] [345] \{unknown\}$/);
  const pool = Array.from({ length: 10 }, (_, index) => index);
  expect([...uses, "evaluation" as const].flatMap((use) => share(pool, use)).sort((a, b) => a - b)).toEqual(pool);
});
