import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findOverlap, type Overlap, type UsedText } from "../../src/corpus/find-overlap.js";
import { overlapError } from "../../src/corpus/overlap-error.js";
import { randomIntegers } from "../fixtures/random.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
let count = 0;

/** Returns lines of random words, different for each seed. */
function words(seed: number, characters: number): string {
  const random = randomIntegers(seed);
  let text = "";
  while (text.length < characters) {
    const word = Array.from({ length: 2 + random(7) }, () => String.fromCharCode(97 + random(26))).join("");
    text += `${word}${random(9) === 0 ? "\n" : " "}`;
  }
  return text.slice(0, characters);
}

function text(use: string, content: string, name = `${use}-${count++}.txt`): UsedText {
  writeFileSync(join(folder, name), content);
  return { use, name, path: join(folder, name) };
}

/** Returns a text with a passage of the first text at line 3. */
const copied = (length: number) => {
  const passage = words(5, 4000).slice(1000, 1000 + length);
  return `${words(6, 400).replaceAll("\n", " ")}\n\n${passage}\n${words(7, 20_000)}`;
};

test("different texts pass", async () => {
  const texts = [1, 2, 3].map((seed) => text(`use${seed}`, words(seed, 50_000)));
  expect(await findOverlap(texts)).toBeUndefined();
});

test("a copied passage is found with both places, even with different white space", async () => {
  const first = text("calibration", words(5, 4000));
  const second = text("evaluation", copied(200).replaceAll(" ", " \t "));
  const overlap = await findOverlap([first, second]);
  expect(overlap?.first.text).toBe(first);
  const lineOfPassage = words(5, 4000).slice(0, 1001).split("\n").length;
  expect(overlap?.first.line).toBeLessThanOrEqual(lineOfPassage);
  expect(overlap?.first.line).toBeGreaterThanOrEqual(lineOfPassage - 1);
  expect(overlap?.second).toEqual({ text: second, line: 3 });
});

test("the error names both places and shows no text of either file", async () => {
  const first = text("calibration", words(5, 4000));
  const overlap = await findOverlap([first, text("evaluation", copied(200), "notes.txt")]);
  const { message } = overlapError(overlap as Overlap);
  expect(message).toMatch(/^the evaluation text \(notes\.txt, line 3\) repeats the calibration text \(.*, line \d+\)$/);
  expect(
    words(5, 4000)
      .split(/\s+/)
      .filter((word) => word.length > 5 && message.includes(word)),
  ).toEqual([]);
});

test("one set phrase is not a copy, many are", async () => {
  const first = text("calibration", words(5, 4000));
  expect(await findOverlap([first, text("evaluation", copied(100))])).toBeUndefined();
  const often = [1, 2, 3, 4].map((part) => words(5, 4000).slice(part * 500, part * 500 + 90));
  const second = text("evaluation", words(8, 9000) + often.map((part, n) => `${part} ${words(20 + n, 99)}`).join(" "));
  expect((await findOverlap([first, second]))?.second.text).toBe(second);
});

test("texts of one use may overlap, and rules and zeros are ignored", async () => {
  const same = words(5, 4000);
  expect(await findOverlap([text("search", same), text("search", same)])).toBeUndefined();
  const rule = `${"-=".repeat(200)}\n${"0, ".repeat(200)}`;
  expect(await findOverlap([text("search", rule), text("evaluation", rule)])).toBeUndefined();
});

test("records are compared by their text", async () => {
  const same = words(9, 500);
  const records = text(
    "calibration",
    `${JSON.stringify({ text: words(10, 300) })}\n\n${JSON.stringify({ messages: [{ role: "user", content: same }] })}\n`,
    "records.jsonl",
  );
  const overlap = await findOverlap([records, text("evaluation", `${words(11, 5000)}\n${same}`)]);
  expect(overlap?.first).toEqual({ text: records, line: 3 });
});

test("a copied page is found in a large text, in bounded memory", async () => {
  const large = words(12, 6_000_000);
  const first = text("calibration", large);
  const page = large.slice(5_000_000, 5_003_000);
  expect(await findOverlap([first, text("evaluation", words(13, 200_000))])).toBeUndefined();
  const found = await findOverlap([first, text("evaluation", words(13, 200_000) + page)]);
  expect(found?.first.text).toBe(first);
});
