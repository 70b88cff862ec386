import { expect, test } from "vitest";
import { textSegment } from "../../../src/stages/validate/text-segment.js";

const lines = Array.from({ length: 5000 }, (_, line) => `Line ${line} of a text that changes on its way.\n`);
const text = lines.join("");
const linesOf = (segment: string) => segment.split(/(?<=\n)/);

test("parts contain every line once, in order, and each samples the whole text", () => {
  const segments = [0, 1, 2].map((index) => textSegment(text, { index, of: 3 }));
  expect(segments.flatMap(linesOf).sort()).toEqual([...lines].sort());
  for (const segment of segments) {
    const numbers = linesOf(segment).map((line) => Number(line.split(" ")[1]));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers[0]).toBeLessThan(1100);
    expect(numbers.at(-1)).toBeGreaterThan(3900);
    expect(segment.length).toBeGreaterThan(text.length / 5);
  }
});

test("a single part is the whole text, and the parts of a one-line text are complete", () => {
  expect(textSegment(text, { index: 0, of: 1 })).toBe(text);
  expect(textSegment("one line", { index: 0, of: 2 }) + textSegment("one line", { index: 1, of: 2 })).toBe("one line");
});
